#!/bin/sh
# limits_programs - stock programs under ulimit -v and -d, which many allocators do not even start under.
# modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=1
# shellcheck disable=SC3045,SC2016 # dash and bash have ulimit's letters; awk, sh and perl expand
# shellcheck source=test/scripts/common
. test/scripts/common

for number in 9 7 5 3 1 8 6 4 2; do
	echo "$number $((number * number))"
done >"$temporary/input"

# Runs a command under a limit, plain and under the library: both must say the same.
same() { # LETTER KIB COMMAND
	letter=$1
	kibibytes=$2
	shift 2
	(
		ulimit "-$letter" "$kibibytes" && exec "$@"
	) >"$temporary/plain" 2>&1 </dev/null || {
		fail "ulimit -$letter $kibibytes: plain $* fails: $(head -n 3 "$temporary/plain")"
		return
	}
	# env is limited as well, but not preloaded
	(
		ulimit "-$letter" "$kibibytes" && exec env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$@"
	) >"$temporary/halloc" 2>&1 </dev/null ||
		fail "ulimit -$letter $kibibytes: $* fails: $(head -n 3 "$temporary/halloc")"
	cmp -s "$temporary/plain" "$temporary/halloc" ||
		fail "ulimit -$letter $kibibytes: $* differs: $(diff "$temporary/plain" "$temporary/halloc" | head -n 5)"
}

for limit in 'v 32768' 'v 65536' 'v 524288' 'v 2097152' 'd 16384' 'd 65536' 'd 524288'; do
	# shellcheck disable=SC2086 # two words
	set -- $limit
	same "$@" ls -l /etc
	same "$@" awk '{ sum[$1] = $2 } END { for (i = 1; i < 60000; i++) t = t i " "; print length(t), sum[7] }' \
		"$temporary/input"
	same "$@" sort -n "$temporary/input"
	same "$@" sed -n 's/^3 /three /p' "$temporary/input"
	same "$@" sh -c 'ls /etc | sort -r | wc -l; echo $((6 * 7))'
	same "$@" perl -e 'my %h; $h{$_} = "x" x ($_ % 100) for 1 .. 20000; print scalar(keys %h), "\n"'
done

# The limit is felt: what needs more than it has fails in order, and is no crash.
(
	ulimit -v 65536 && exec env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} \
		perl -e 'my $x = "y" x (200 << 20); print length $x'
) >"$temporary/out" 2>"$temporary/err" </dev/null
status=$?
if [ "$status" -eq 0 ] || [ "$status" -gt 128 ]; then
	fail "200 MiB under ulimit -v 65536: exit status $status"
fi
grep -qi 'out of memory' "$temporary/err" || fail "perl does not say why: $(cat "$temporary/err")"
finish
