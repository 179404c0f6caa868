#!/bin/sh
# stderr_broken - standard error is a pipe that nobody reads any more: a program that would never have
# written to it is not killed by SIGPIPE for what the library has to say.
# shellcheck source=test/scripts/common
. test/scripts/common

build broken -O1 <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <unistd.h>
/* Runs a command with a broken pipe for its standard error. */
int main(int count, char **arguments)
{
	int ends[2];
	if (count < 2 || pipe(ends))
		return 1;
	dup2(ends[1], 2);
	close(ends[0]);
	execvp(arguments[1], arguments + 1);
	return 9;
}
END

expect 141 "$temporary/broken" sh -c 'echo text >&2; exit 0' # so that the test can tell
expect 0 "$temporary/broken" env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} ls /
for variable in HALLOC_ARENAS=x HALLOC_NONE=1 HALLOC_STATS=1 HALLOC_STATS=json:/nowhere/at/all; do
	expect 0 "$temporary/broken" env "$variable" ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} ls /
	says '^tmp$'
done

# Nor are calling stacks its own, where it carries on after a report.
build misuse -O0 -w -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	volatile char *block = malloc(100);
	free((void *)block);
	free((void *)block);
	puts("carried on");
	return 0;
}
END
for variable in HALLOC_NONE=1 HALLOC_BACKTRACE=1 HALLOC_SAMPLE=1; do
	[ -n "$TEST_LIB" ] || continue
	expect 0 "$temporary/broken" env "$variable" HALLOC_ON_ERROR=report LD_PRELOAD="$TEST_LIB" "$temporary/misuse"
	says '^carried on$'
done
finish
