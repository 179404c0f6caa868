#!/bin/sh
# stderr_full - standard error is full, closed, cannot be written to, or is a full pipe that does not wait:
# what the library has to say is lost, and nothing else.
# shellcheck source=test/scripts/common
. test/scripts/common

build subject -O0 -w -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **arguments)
{
	void *block = malloc(100);
	for (int i = atoi(arguments[1]); i > 0; i--)
		free(block);
	for (size_t size = 1; size < 3000000; size *= 3)
		free(malloc(size));
	puts("lived");
	return 5;
}
END
build full -O1 <<'END' || { cat "$temporary/build.log"; exit 1; }
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
/* Runs a command with a full pipe, that does not wait, for its standard error. */
int main(int count, char **arguments)
{
	int ends[2];
	if (count < 2 || pipe2(ends, O_NONBLOCK))
		return 1;
	while (write(ends[1], "", 1) == 1)
		continue;
	dup2(ends[1], 2);
	execvp(arguments[1], arguments + 1);
	return 9;
}
END

# Runs the subject with each kind of standard error: its status is STATUS, and it says that it lived if 5.
everywhere() { # STATUS FREES VARIABLE=VALUE...
	wanted=$1
	frees=$2
	shift 2
	for kind in full closed unwritable directory pipe; do
		command="$* with stderr $kind"
		set -- "$@" ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$temporary/subject" "$frees"
		case $kind in
		full) timeout 20 env "$@" >"$temporary/out" 2>/dev/full ;;
		closed) timeout 20 env "$@" >"$temporary/out" 2>&- ;;
		unwritable) timeout 20 env "$@" >"$temporary/out" 2</dev/null ;;
		directory) timeout 20 env "$@" >"$temporary/out" 2</tmp ;;
		pipe) timeout 20 "$temporary/full" env "$@" >"$temporary/out" ;;
		esac
		status=$?
		[ "$status" -eq "$wanted" ] || fail "$command: exit status $status, not $wanted"
		lived=
		[ "$wanted" -eq 5 ] && lived=lived
		[ "$(cat "$temporary/out")" = "$lived" ] || fail "$command: $(cat "$temporary/out")"
		while [ "${1#HALLOC_}" != "$1" ]; do # back to the variables
			set -- "$@" "$1"
			shift
		done
		shift $((2 + ${TEST_LIB:+1}+0))
	done
}

everywhere 5 1
everywhere 5 1 HALLOC_ARENAS=x
everywhere 5 1 HALLOC_STATS=1
everywhere 5 1 HALLOC_STATS=json:/dev/full
everywhere 5 1 HALLOC_STATS=json:/nowhere/at/all
everywhere 5 1 HALLOC_LIMIT=1M HALLOC_ARENAS=x HALLOC_STATS=1
if [ -n "$TEST_LIB" ]; then
	everywhere 134 2
	everywhere 134 2 HALLOC_STATS=1
	everywhere 5 3 HALLOC_ON_ERROR=report
fi
finish
