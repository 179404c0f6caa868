#!/bin/sh
# max_map_count - with vm.max_map_count at 1000, programs of many threads and many blocks do as ever.
# alone: vm.max_map_count holds for the machine: a browser or a virtual machine needs more
# shellcheck disable=SC2016 # for awk and perl
# shellcheck source=test/scripts/common
. test/scripts/common

setting=/proc/sys/vm/max_map_count
if [ ! -w $setting ]; then
	echo "$setting cannot be written here; mappings_used_up goes to the limit there is"
	exit 77
fi
for name in few_mappings mappings_used_up; do
	build $name -O2 -D_GNU_SOURCE -fno-builtin -Itest/lib -pthread <test/environment/$name.c || {
		cat "$temporary/build.log"
		exit 1
	}
done
perl -e 'print rand() * 1e9, "\n" for 1 .. 100000' >"$temporary/numbers"
sort -n "$temporary/numbers" >"$temporary/sorted"

# One run at a time, lest one takes the other's value for the usual one.
exec 9<$setting
flock 9
usual=$(cat $setting)
trap 'echo "$usual" >$setting; rm -rf -- "$temporary"' EXIT
trap 'exit 143' TERM INT HUP
echo 1000 >$setting
if [ "$(cat $setting)" -ne 1000 ]; then
	echo "$setting cannot be set here; mappings_used_up goes to the limit there is"
	exit 77
fi

under() { # COMMAND
	expect 0 timeout 60 env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$@"
}

under ls -l /etc
is_silent err
under awk 'BEGIN { for (i = 0; i < 200000; i++) a[i] = i "x"; print length(a) }'
says '^200000$'
under perl -e 'my @a = map { "x" x ($_ % 3000) } 1 .. 20000; splice @a, 0, 10000; print scalar(@a), "\n"'
says '^10000$'
under sort -n --parallel=8 "$temporary/numbers"
cmp -s "$temporary/out" "$temporary/sorted" || fail "sort differs"
under "$temporary/few_mappings"
under "$temporary/mappings_used_up"
grep -q 'resizings refused' "$temporary/err" || fail "mappings_used_up did not get there"

echo "$usual" >$setting
[ "$(cat $setting)" -eq "$usual" ] || fail "$setting is not what it was"
finish
