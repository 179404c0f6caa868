#!/bin/sh
# overcommit - with vm.overcommit_memory at 2, where the system counts all that is writable: programs start,
# and fork with a large heap; and the heap asks for no more than it hands out.
#
# Nothing here asks for more than there is: the system counts a request before it refuses it, and meanwhile
# refuses whatever other processes need. The limits of one process (limits.c) lead to the same refusals.
# alone: vm.overcommit_memory holds for the machine: sanitizers do not start under 2
# shellcheck disable=SC2016 # for awk and perl
# shellcheck source=test/scripts/common
. test/scripts/common

setting=/proc/sys/vm/overcommit_memory
kbytes=/proc/sys/vm/overcommit_kbytes
ratio=/proc/sys/vm/overcommit_ratio
if [ ! -w $setting ] || [ ! -w $kbytes ] || [ ! -w $ratio ]; then
	echo "$setting cannot be written here"
	exit 77
fi

build subject -O1 -D_GNU_SOURCE -fno-builtin -pthread <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define REQUIRE(claim) \
	((claim) ? (void)0 : (fprintf(stderr, "line %d: not so: %s\n", __LINE__, #claim), exit(1)))

/* The bytes that the system counts for this process: of mappings with the flag "ac". */
static size_t counted(void)
{
	char line[1000];
	size_t kib = 0, sum = 0;
	FILE *maps = fopen("/proc/self/smaps", "r");
	REQUIRE(maps);
	while (fgets(line, sizeof line, maps)) {
		sscanf(line, "Size: %zu kB", &kib);
		if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " ac"))
			sum += kib << 10;
	}
	fclose(maps);
	return sum;
}

static void *work(void *arg)
{
	for (int round = 0; round < 20; round++)
		for (size_t size = 1; size < 8 * MIB; size *= 3)
			free(calloc(1, size));
	return arg;
}

int main(void)
{
	static char *blocks[300];
	size_t before = counted();
	pthread_attr_t attributes;
	pthread_t threads[4];
	int status;

	REQUIRE(before < 24 * MIB);
	for (int i = 0; i < 300; i++) {
		REQUIRE((blocks[i] = malloc(MIB)));
		blocks[i][0] = 1;
	}
	printf("%zu MiB counted at the start, %zu with 300 in blocks\n", before / MIB, counted() / MIB);
	REQUIRE(counted() < before + 400 * MIB);
	REQUIRE((blocks[0] = realloc(blocks[0], 100 * MIB)) && blocks[0][0] == 1);
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			work(NULL);
			_exit(0);
		}
		REQUIRE(waitpid(child, &status, 0) == child && status == 0);
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], &attributes, work, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 300; i++)
		free(blocks[i]);
	for (int i = 0; i < 300; i++)
		REQUIRE((blocks[i] = malloc(MIB)));
	/* 100 for what the large block left, and an eighth more of all; hardened mode holds 256 that were freed
	 * back, and each takes a heap page more for its guards */
	const char *hardened = getenv("HALLOC_HARDENED");
	size_t more = hardened && strcmp(hardened, "1") == 0 ? (256 + 35) * 9 / 8 : 0;
	printf("%zu MiB counted at the end\n", counted() / MIB);
	REQUIRE(counted() < before + (560 + more) * MIB);
	return 0;
}
END

memory() {
	awk "/^$1:/ { print \$2 }" /proc/meminfo
}

restore() {
	echo "$usual" >$setting
	# the one that is not 0 holds; writing it sets the other to 0
	if [ "$usual_kbytes" -ne 0 ]; then
		echo "$usual_kbytes" >$kbytes
	else
		echo "$usual_ratio" >$ratio
	fi
}

# One run at a time, lest one takes the other's value for the usual one.
exec 9<$setting
flock 9
usual=$(cat $setting)
usual_kbytes=$(cat $kbytes)
usual_ratio=$(cat $ratio)
trap 'restore; rm -rf -- "$temporary"' EXIT
trap 'exit 143' TERM INT HUP
# Room enough for everybody else: 6 GiB more than is in use.
echo $(($(memory Committed_AS) + 6291456)) >$kbytes
echo 2 >$setting
if [ "$(cat $setting)" -ne 2 ]; then
	echo "$setting cannot be set here"
	exit 77
fi

under() { # COMMAND
	expect 0 timeout 60 env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$@"
}

under ls -l /etc
is_silent err
under awk 'BEGIN { for (i = 0; i < 200000; i++) a[i] = i "x"; print length(a) }'
says '^200000$'
under sh -c 'for i in 1 2 3 4 5 6 7 8; do ls / & done | wc -l >&2; wait; echo done'
says '^done$'
under perl -e 'my $x = "y" x (64 << 20); for (1 .. 4) { fork // die $! } print length($x), "\n"; 1 while wait > 0'
[ "$(sort -u "$temporary/out")" = 67108864 ] || fail "perl: $(sort "$temporary/out" | uniq -c)"
under "$temporary/subject"

trap 'rm -rf -- "$temporary"' EXIT
restore
[ "$(cat $setting) $(cat $kbytes) $(cat $ratio)" = "$usual $usual_kbytes $usual_ratio" ] ||
	fail "the settings are not what they were"
finish
