#!/bin/sh
# set_uid - set-uid programs, and those with capabilities: run by somebody else they take no option and write
# no file of the environment's choice, whether the loader leaves the library out or not.
# shellcheck source=test/scripts/common
. test/scripts/common

if [ "$(id -u)" -ne 0 ]; then
	echo "only root makes a program of another user's"
	exit 77
fi
owner=1     # of the set-uid program
other=65534 # who runs it
chmod 755 "$temporary"
mkdir -m 777 "$temporary/free"

cat >"$temporary/subject.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
/* Says whether it runs for somebody else and whether the library is there; frees as often as it is told. */
int main(int count, char **arguments)
{
	void *block = malloc(100);
	char line[1000], *large = NULL;
	int there = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof line, maps))
		there = there || strstr(line, "libhalloc");
	if (maps)
		fclose(maps);
	printf("secure %lu, euid %d, library %d\n", getauxval(AT_SECURE), (int)geteuid(), there);
	fflush(stdout);
	for (size_t size = 1; size < 30000000; size *= 2)
		if ((large = realloc(large, size)) == NULL)
			return 3;
	free(large);
	for (int i = atoi(arguments[1]); i > 0; i--)
		free(block);
	return 5;
}
END
build plain -O0 -w -fno-builtin <"$temporary/subject.c" || { cat "$temporary/build.log"; exit 1; }
cp "$temporary/plain" "$temporary/plain_suid"
if [ -n "$TEST_LIB" ]; then # one that is linked with the library has it whatever the loader leaves out
	cp "$TEST_LIB" "$temporary/libhalloc.so.1"
	build linked -O0 -w -fno-builtin -Wl,--no-as-needed "$temporary/libhalloc.so.1" -Wl,-rpath,"$temporary" \
		<"$temporary/subject.c" || { cat "$temporary/build.log"; exit 1; }
	cp "$temporary/linked" "$temporary/linked_suid"
	cp "$temporary/linked" "$temporary/linked_caps"
	setcap cap_net_raw+ep "$temporary/linked_caps" 2>"$temporary/err" || rm "$temporary/linked_caps"
fi
for program in "$temporary"/*_suid; do
	chown "$owner:$owner" "$program"
	chmod 6755 "$program"
done

# As somebody who has none of the program's rights.
as_other() { # STATUS VARIABLE=VALUE... PROGRAM ARGUMENT
	wanted=$1
	shift
	rm -f "$temporary/free/statistics"
	expect "$wanted" setpriv --reuid=$other --regid=$other --clear-groups env "$@"
}

as_other 5 "$temporary/plain_suid" 0
if grep -q '^secure 0' "$temporary/out"; then
	echo "set-uid has no effect below $temporary: mounted nosuid"
	exit 77
fi
says "^secure 1, euid $owner, library 0\$"

# Preloaded by path: the loader leaves it out, and the program runs well.
as_other 5 ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} HALLOC_ARENAS=x HALLOC_STATS=1 "$temporary/plain_suid" 1
says "^secure 1, euid $owner, library 0\$"
if grep -q '^halloc' "$temporary/err"; then
	fail "$command: the library speaks"
fi
[ -n "$TEST_LIB" ] || finish

# The options have effect where nothing is secure, so that the test can tell.
as_other 5 HALLOC_STATS="json:$temporary/free/statistics" HALLOC_ON_ERROR=report "$temporary/linked" 3
says "^secure 0, euid $other, library 1\$"
grep -q '^halloc: double free' "$temporary/err" || fail "$command: says $(cat "$temporary/err")"
[ -s "$temporary/free/statistics" ] || fail "$command: no statistics"
as_other 5 HALLOC_ARENAS=x HALLOC_NONE=1 "$temporary/linked" 1
[ "$(wc -l <"$temporary/err")" -eq 2 ] || fail "$command: not two lines: $(cat "$temporary/err")"
as_other 3 HALLOC_LIMIT=2M "$temporary/linked" 1

for program in "$temporary/linked_suid" "$temporary/linked_caps"; do
	if [ ! -e "$program" ]; then
		echo "no capabilities on files here: $(cat "$temporary/err")"
		continue
	fi
	for variable in HALLOC_STATS="json:$temporary/free/statistics" HALLOC_STATS=1 HALLOC_ARENAS=x \
		HALLOC_NONE=1 HALLOC_LIMIT=2M HALLOC_LIMIT=x HALLOC_PRESSURE=on HALLOC_ON_ERROR=report; do
		as_other 5 "$variable" "$program" 1
		says '^secure 1, euid [0-9]+, library 1$'
		is_silent err
		[ ! -e "$temporary/free/statistics" ] || fail "$command: there is a file"
	done
	as_other 134 HALLOC_ON_ERROR=report "$program" 2
	grep -q '^halloc: double free' "$temporary/err" || fail "$command: says $(cat "$temporary/err")"
done
finish
