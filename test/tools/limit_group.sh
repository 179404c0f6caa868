#!/bin/sh
# limit_group - two programs in a real control group of 96 MiB. One sits on 60 MiB of idle memory, then
# the other one grows to 60 MiB: with HALLOC_PRESSURE=on the first makes room; with it off, the system
# kills one of them. And HALLOC_LIMIT=50% is of the group.
# shellcheck source=test/scripts/common
. test/scripts/common

# Version 1, or version 2; a group below our own, or at the root where our own is not to be seen.
path=$(sed -n 's/^[0-9]*:\([a-z,]*,\)*memory\(,[a-z,]*\)*://p' /proc/self/cgroup | head -n 1)
if [ -n "$path" ]; then
	root=/sys/fs/cgroup/memory
	limit=memory.limit_in_bytes
else
	path=$(sed -n 's/^0:://p' /proc/self/cgroup)
	root=/sys/fs/cgroup
	limit=memory.max
fi
[ -d "$root$path" ] || path=
group=$root$path/halloc-test-$$
if ! mkdir "$group" 2>/dev/null || ! echo $((96 << 20)) 2>/dev/null >"$group/$limit"; then
	rmdir "$group" 2>/dev/null
	echo "no control group with a memory limit can be made in $root$path"
	exit 77
fi
# without swap, if there is some
echo $((96 << 20)) 2>/dev/null >"$group/memory.memsw.limit_in_bytes"
echo 0 2>/dev/null >"$group/memory.swap.max"
trap 'rmdir "$group"; rm -rf -- "$temporary"' EXIT

build share -O1 -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* usage: share idle: fills 60 MiB and frees them, says "idle", and works on with little for ever.
 *        share grow: fills 60 MiB, one by one. */
int main(int argc, char **argv)
{
	static char *block[60];
	int idle = argc > 1 && strcmp(argv[1], "idle") == 0;

	for (int i = 0; i < 60; i++) {
		block[i] = memset(malloc(MIB), 1, MIB);
		if (!idle)
			usleep(50000);
	}
	if (!idle)
		return 0;
	for (int i = 0; i < 60; i++)
		free(block[i]);
	write(1, "idle\n", 5);
	alarm(60);
	for (;;) {
		free(malloc(100000));
		usleep(1000);
	}
}
END

# Runs both with HALLOC_PRESSURE=$1. Sets grown to the status of the second, and idle to that of the
# first, which it ends; the system's way of ending it is SIGKILL, status 137, and ours SIGTERM, 143.
together() {
	rm -f "$temporary/idle"
	mkfifo "$temporary/idle"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec env HALLOC_PRESSURE="$1" \
		HALLOC_PURGE_AFTER_MS=3600000 LD_PRELOAD="$HALLOC_LIB" "$2" idle' \
		"$group" "$1" "$temporary/share" >"$temporary/idle" 2>"$temporary/idle.err" &
	first=$!
	read -r word <"$temporary/idle"
	[ "$word" = idle ] || fail "the first says '$word': $(cat "$temporary/idle.err")"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec env HALLOC_PRESSURE=off LD_PRELOAD="$HALLOC_LIB" \
		"$1" grow' "$group" "$temporary/share" 2>"$temporary/grow.err"
	grown=$?
	kill "$first" 2>/dev/null
	wait "$first" 2>/dev/null
	idle=$?
}

together on
[ "$grown" -eq 0 ] || fail "HALLOC_PRESSURE=on: the one that grows ends with $grown"
[ "$idle" -eq 143 ] || fail "HALLOC_PRESSURE=on: the idle one ends with $idle, and should be there"
together off
[ "$grown" -eq 137 ] || [ "$idle" -eq 137 ] ||
	fail "HALLOC_PRESSURE=off: nobody is killed ($grown, $idle): this tests nothing"

sh -c 'echo $$ >"$0/cgroup.procs" && exec env HALLOC_LIMIT=50% HALLOC_STATS=json:"$1" \
	LD_PRELOAD="$HALLOC_LIB" true' "$group" "$temporary/json"
grep -q '^"limit": {"bytes": 50331648,' "$temporary/json" || fail "50%: $(grep limit "$temporary/json")"
finish
