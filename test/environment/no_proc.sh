#!/bin/sh
# no_proc - a system without /proc and /sys: programs start, say what they say with them, and look at none.
# shellcheck disable=SC2016 # for the inner shell
# shellcheck source=test/scripts/common
. test/scripts/common

unshare=
for way in 'unshare -m' 'unshare -rm'; do
	[ -n "$unshare" ] || $way sh -c 'mount -t tmpfs none /proc' 2>"$temporary/err" && unshare=${unshare:-$way}
done
if [ -z "$unshare" ]; then
	echo "no mount namespace is to be had here: $(cat "$temporary/err")"
	exit 77
fi

# Runs a command where /proc and /sys are empty, plain and under the library: both must say the same.
same() { # VARIABLE=VALUE COMMAND
	variable=$1
	shift
	for library in '' "$TEST_LIB"; do
		$unshare sh -c 'mount -t tmpfs none /proc && mount -t tmpfs none /sys || exit 9
			[ -e /proc/self ] && exit 8
			variable=$1 library=$2
			shift 2
			exec env "$variable" ${library:+LD_PRELOAD="$library"} "$@"' sh "$variable" "$library" "$@" \
			>"$temporary/${library:+halloc.}out" 2>"$temporary/${library:+halloc.}err" </dev/null
		status=$?
		[ "$status" -eq 0 ] || fail "$*, library '$library': exit status $status"
	done
	[ -n "$TEST_LIB" ] || return
	for stream in out err; do
		cmp -s "$temporary/$stream" "$temporary/halloc.$stream" ||
			fail "$variable $*: std$stream differs: $(diff "$temporary/$stream" "$temporary/halloc.$stream" | head -n 5)"
	done
}

for variable in A=1 HALLOC_LIMIT=80% HALLOC_LIMIT=1G HALLOC_PRESSURE=on HALLOC_STATS=json:/dev/null; do
	same "$variable" ls -l /etc
	same "$variable" awk 'BEGIN { for (i = 0; i < 50000; i++) t = t i; print length(t) }'
	same "$variable" sort -r /etc/passwd
	same "$variable" sh -c 'ls /etc | wc -l; echo $((6 * 7))'
	same "$variable" perl -e 'my %h; $h{$_} = "x" x ($_ % 100) for 1 .. 30000; print scalar(keys %h), "\n";
		fork // die; wait; print join(",", map { $_ ** 2 } 1 .. 5), "\n"'
done
finish
