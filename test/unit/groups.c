/* What the files of a control group say: of the processors, and of the memory, of this group and of those above it.
 * links: limit options os machine clock report */
#include "child.h"
#include "limit.h"
#include "machine.h"
#include "options.h"
#include <stdarg.h>

#define V1   "/sys/fs/cgroup/memory"
#define V2   "/sys/fs/cgroup"
#define SELF "/proc/self/cgroup"

/* A system, as its files tell: paths and what is in them, to the first NULL. */
enum { FILES_MAX = 8 };
struct file {
	const char *path;
	const char *text;
};

static const struct file *files;

/* The file that a path names in place of that of the real system. */
int open(const char *path, int flags, ...)
{
	int ends[2];

	(void)flags;
	for (const struct file *file = files; file != NULL && file->path != NULL; file++) {
		if (strcmp(file->path, path) != 0)
			continue;
		REQUIRE(pipe(ends) == 0);
		REQUIRE(write(ends[1], file->text, strlen(file->text)) ==
		        (ssize_t)strlen(file->text));
		close(ends[1]);
		return ends[0];
	}
	errno = ENOENT;
	return -1;
}

/* --- Processors ----------------------------------------------------------------------------------- */

static unsigned cpus_with(const char *path, const char *text, const char *path_2,
                          const char *text_2)
{
	const struct file system[FILES_MAX] = {{path, text}, {path_2, text_2}};

	files = system;
	unsigned cpus = machine_cpus();
	files = NULL;
	return cpus;
}

static void processors(void)
{
	unsigned all = machine_cpus();
	const char *quota_v1 = V2 "/cpu/cpu.cfs_quota_us", *period_v1 = V2 "/cpu/cpu.cfs_period_us";

	REQUIRE(cpus_with(V2 "/cpu.max", "max 100000\n", NULL, NULL) == all);
	REQUIRE(cpus_with(V2 "/cpu.max", "1000 100000\n", NULL, NULL) == 1);
	REQUIRE(cpus_with(V2 "/cpu.max", "100000 100000\n", NULL, NULL) == 1);
	REQUIRE(cpus_with(V2 "/cpu.max", "100001 100000\n", NULL, NULL) == (all < 2 ? all : 2));
	REQUIRE(cpus_with(V2 "/cpu.max", "99900000000 100000\n", NULL, NULL) == all);
	REQUIRE(cpus_with(quota_v1, "50000\n", period_v1, "100000\n") == 1);
	REQUIRE(cpus_with(quota_v1, "-1\n", period_v1, "100000\n") == all);
	REQUIRE(cpus_with(quota_v1, "50000\n", NULL, NULL) == all);
}

/* --- The memory there is --------------------------------------------------------------------------- */

struct half {
	const char *limit; /* half of what there is; 0: of the machine's */
	struct file files[FILES_MAX];
};

static void half_boot(void *arg)
{
	const struct half *half = arg;
	size_t expected = strtoull(half->limit, NULL, 10);

	REQUIRE(setenv("HALLOC_LIMIT", "50%", 1) == 0);
	options_boot();
	files = half->files;
	limit_boot();
	if (expected == 0)
		expected = machine_memory_bytes() / 100 * 50 + machine_memory_bytes() % 100 / 2;
	REQUIRE(limit_bytes == expected);
}

static const struct half halves[] = {
        {"50000000", {{SELF, "0::/a/b\n"}, {V2 "/a/b/memory.max", "100000000\n"}}},
        /* The least of all groups, up to the root of what is to be seen. */
        {"25000000",
         {{SELF, "0::/a/b\n"},
          {V2 "/a/b/memory.max", "max\n"},
          {V2 "/a/memory.max", "50000000\n"},
          {V2 "/memory.max", "60000000\n"}}},
        {"30000000", {{SELF, "0::/a/b\n"}, {V2 "/memory.max", "60000000\n"}}},
        {"30000000", {{SELF, "0::/\n"}, {V2 "/memory.max", "60000000\n"}}},
        /* A group beside those that are to be seen. */
        {"30000000",
         {{SELF, "0::/../other\n"},
          {V2 "/../other/memory.max", "1\n"},
          {V2 "/../memory.max", "1\n"},
          {V2 "/memory.max", "60000000\n"}}},
        /* Version 1, where it has the memory: whatever else is on the line. */
        {"20000000",
         {{SELF, "3:cpu,memory:/c\n2:memory2:/d\n0::/a\n"},
          {V1 "/c/memory.limit_in_bytes", "40000000\n"},
          {V2 "/a/memory.max", "10000000\n"}}},
        {"0", {{SELF, "1:memory:/c\n"}, {V1 "/c/memory.limit_in_bytes", "9223372036854771712\n"}}},
        {"0", {{SELF, "1:cpu:/c\n"}, {V2 "/memory.max", "60000000\n"}}},
        {"0", {{NULL, NULL}}},
};

/* --- Pressure -------------------------------------------------------------------------------------- */

struct pressure {
	bool pressed;
	struct file files[FILES_MAX];
};

static void pressure_boot(void *arg)
{
	const struct pressure *pressure = arg;

	REQUIRE(setenv("HALLOC_PRESSURE", "on", 1) == 0);
	options_boot();
	files = pressure->files;
	limit_boot();
	REQUIRE(limit_watches);
	REQUIRE(limit_pressed(1000) == pressure->pressed);
}

#define GROUP                                      \
	{SELF, "0::/a/b\n"},                       \
	{                                          \
		V2 "/a/b/memory.max", "80000000\n" \
	}

static const struct pressure pressures[] = {
        {false, {GROUP, {V2 "/a/b/memory.current", "69999999\n"}}},
        {true, {GROUP, {V2 "/a/b/memory.current", "70000000\n"}}},
        /* The cache of files is not counted. */
        {false,
         {GROUP,
          {V2 "/a/b/memory.current", "79000000\n"},
          {V2 "/a/b/memory.stat", "anon 60000000\ninactive_file 5000000\nactive_file 5000000\n"}}},
        {true,
         {GROUP,
          {V2 "/a/b/memory.current", "79000000\n"},
          {V2 "/a/b/memory.stat",
           "total_inactive_file 9\nxactive_file 79000000\nactive_file 9000000\n"}}},
        /* The soft limit counts, and the groups above. */
        {true,
         {GROUP, {V2 "/a/b/memory.high", "10000000\n"}, {V2 "/a/b/memory.current", "9000000\n"}}},
        {true,
         {GROUP,
          {V2 "/a/b/memory.current", "1000\n"},
          {V2 "/a/memory.high", "8000\n"},
          {V2 "/a/memory.current", "7000\n"}}},
        {false, {{SELF, "0::/a/b\n"}, {V2 "/a/b/memory.current", "79000000\n"}}},
};

/* Tasks that wait for a twentieth of the time: as of the second look. */
static void waits_boot(void *arg)
{
	struct file system[FILES_MAX] = {
	        GROUP,
	        {V2 "/a/b/memory.current", "1000\n"},
	        {V2 "/a/b/memory.pressure", "some avg10=0.00 total=7000000\n"}};

	(void)arg;
	REQUIRE(setenv("HALLOC_PRESSURE", "on", 1) == 0);
	options_boot();
	files = system;
	limit_boot();
	REQUIRE(!limit_pressed(1000));
	system[3].text = "some avg10=0.00 total=7010000\n"; /* us */
	REQUIRE(!limit_pressed(1200));
	system[3].text = "some avg10=0.00 total=7020001\n";
	REQUIRE(!limit_pressed(1250)); /* too soon to look */
	REQUIRE(limit_pressed(1400));
}

/* Each in a process of its own, as it starts once. */
static void starts(void (*boot)(void *arg), const void *with)
{
	int status = child_run(boot, (void *)(uintptr_t)with);

	fputs(child_said, stderr);
	REQUIRE(status == 0 && child_said[0] == '\0');
}

int main(void)
{
	processors();
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
		starts(half_boot, &halves[i]);
	for (size_t i = 0; i < sizeof pressures / sizeof *pressures; i++)
		starts(pressure_boot, &pressures[i]);
	starts(waits_boot, NULL);
	return 0;
}
