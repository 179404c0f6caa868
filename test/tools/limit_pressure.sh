#!/bin/sh
# limit_pressure - idle memory goes back at once when the control group is short of it, and only then:
# control groups of plain files, which the program itself changes, in a mount namespace of our own.
# shellcheck source=test/scripts/common
. test/scripts/common

unshare -rm true 2>/dev/null || {
	echo "unshare is not allowed here, so there is no made-up control group"
	exit 77
}

build idle -O1 -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define REQUIRE(claim) \
	((claim) ? (void)0 : (dprintf(2, "line %d: not so: %s\n", __LINE__, #claim), _exit(1)))

static size_t resident(void)
{
	char text[100] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	REQUIRE(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	return strtoul(strchr(text, ' '), NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void set(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Calls that reach the slow paths, for so long. Returns: whether the idle memory went meanwhile. */
static int went(double seconds)
{
	double end = now() + seconds;

	while (now() < end) {
		free(malloc(100000));
		if (resident() < 20 * MIB)
			return 1;
		usleep(1000);
	}
	return 0;
}

/* 32 MiB in small blocks and 32 MiB in one, free again. */
static void make_idle(void)
{
	enum { COUNT = 32 << 10 };
	static char *small[COUNT];
	char *large = memset(malloc(32 * MIB), 1, 32 * MIB);

	for (int i = 0; i < COUNT; i++)
		small[i] = memset(malloc(1000), 1, 1000);
	REQUIRE(resident() > 60 * MIB);
	for (int i = 0; i < COUNT; i++)
		free(small[i]);
	free(large);
}

/* usage: idle NAME TEXT [NAME TEXT]... [--] ...: a step is what is written to which files; after the
 * last step, and no other, the memory must go; after "never" instead, it must not. */
int main(int argc, char **argv)
{
	make_idle();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			REQUIRE(!went(0.5));
		} else if (strcmp(argv[i], "never") == 0) {
			REQUIRE(!went(1));
			return 0;
		} else {
			char text[1000];
			snprintf(text, sizeof text, "%s\n", argv[i + 1]);
			for (char *at = text; *at != '\0'; at++)
				if (*at == ',')
					*at = '\n';
			set(argv[i++], text);
		}
	}
	REQUIRE(went(30));
	/* Once more: it is no matter of the first time. */
	make_idle();
	REQUIRE(went(30));
	return 0;
}
END

# usage: groups GROUPS VARIABLE=VALUE... DIRECTORY STEPS...
groups() {
	printf '%b\n' "$1" >"$temporary/groups"
	rm -rf "$temporary/root"
	mkdir -p "$temporary/root/a/b" "$temporary/root/memory/a"
	# so that it looks often from the start: where there is no limit, it does so every 5 s
	echo 1000000000000 | tee "$temporary/root/a/b/memory.max" \
		"$temporary/root/memory/a/memory.limit_in_bytes" >"$temporary/root/memory.max"
	shift
	# shellcheck disable=SC2016 # for the inner shell
	expect 0 unshare -rm sh -c '
		mount --bind "$0/root" /sys/fs/cgroup && mount --bind "$0/groups" /proc/$$/cgroup || exit 9
		cd /sys/fs/cgroup || exit 9
		exec env HALLOC_PURGE_AFTER_MS=3600000 LD_PRELOAD="$HALLOC_LIB" "$@"' "$temporary" "$@"
	is_silent err
}
idle=$temporary/idle
on=HALLOC_PRESSURE=on

# version 2: nearly full; by memory.high; in a group above; not with files that may be dropped
groups 0::/a/b $on "$idle" a/b/memory.max 1000000 a/b/memory.current 870000 -- \
	a/b/memory.current 900000
groups 0::/a/b $on "$idle" a/b/memory.max 1000000 a/b/memory.high 2000 a/b/memory.current 900 -- \
	a/b/memory.high 1000
groups 0::/a/b $on "$idle" a/b/memory.max max a/memory.max 1000000 a/memory.current 10 -- \
	a/memory.current 1000000
groups 0::/a/b $on "$idle" memory.max 1000000 memory.current 10 -- memory.current 1000000
groups 0::/a/b $on "$idle" a/b/memory.stat "anon 9,inactive_file 400000,active_file 400000,slab 1" \
	a/b/memory.max 1000000 a/b/memory.current 990000 -- \
	a/b/memory.stat "anon 9,inactive_file 40000,active_file 40000,slab 1"
# version 1
groups 4:memory:/a $on "$idle" memory/a/memory.stat \
	"cache 900000,inactive_file 0,total_inactive_file 400000,total_active_file 400000" \
	memory/a/memory.limit_in_bytes 1000000 memory/a/memory.usage_in_bytes 990000 -- \
	memory/a/memory.stat "cache 900000,total_inactive_file 1,total_active_file 1"
# tasks wait: "total" grows by more than a twentieth of the time
build stall -O1 <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	/* As long as the program is there, which the shell that starts both of them becomes. */
	for (long total = 1000, parent = getppid(); getppid() == parent; total += atol(argv[2])) {
		FILE *file = fopen("a/b/next", "w");
		fprintf(file, "some avg10=0.00 avg60=0.00 avg300=0.00 total=%ld\nfull total=0\n", total);
		fclose(file);
		rename("a/b/next", argv[1]);
		usleep(5000);
	}
	return 0;
}
END
cat >"$temporary/stalled" <<'END'
#!/bin/sh
# usage: stalled MICROSECONDS-EACH-5-MS COMMAND...
LD_PRELOAD='' "$stall" a/b/memory.pressure "$1" &
shift
exec "$@"
END
stall=$temporary/stall
export stall
groups 0::/a/b $on sh "$temporary/stalled" 4000 "$idle" a/b/memory.max 1000000 \
	a/b/memory.current 10
groups 0::/a/b $on sh "$temporary/stalled" 1 "$idle" a/b/memory.max 1000000 \
	a/b/memory.current 10 never

# with a limit it looks by itself; without one it does not, nor when told not to
groups 0::/a/b HALLOC_LIMIT=4G "$idle" a/b/memory.max 1000000 a/b/memory.current 900000
full="a/b/memory.max 1000000 a/b/memory.current 1000000 never"
# shellcheck disable=SC2086 # words
{
	groups 0::/a/b "$idle" $full
	groups 0::/a/b HALLOC_PRESSURE=off HALLOC_LIMIT=4G "$idle" $full
	groups 0::/a/b HALLOC_PRESSURE=auto "$idle" $full
}
# without anything to look at
groups '' $on "$idle" never
groups 0::/a/b $on "$idle" a/b/memory.max max never
groups 0::/a/b $on "$idle" a/b/memory.max 1000000 never
groups 0::/a/b $on "$idle" a/b/memory.max x a/b/memory.current y a/b/memory.stat z never
finish
