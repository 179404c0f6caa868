/*
 * machine - what the process was given: processors, memory, chance; and the small files in which the system says so.
 *
 * Holds:  the state of the generator of numbers.
 * Always: what the system does not tell has an answer that does no harm.
 * Locks:  none.
 */
#include "machine.h"
#include "clock.h"
#include "report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* --- Chance ------------------------------------------------------------------------------------- */

/* What the system gave this program by chance; 0: nothing. libc's secrets are its two halves: together they tell of
 * neither. */
static uint64_t random_seed(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint64_t halves[2] = {0};

	if (bytes != NULL)
		memcpy(halves, bytes, sizeof halves);
	return halves[0] ^ (halves[1] << 32 | halves[1] >> 32);
}

uint64_t machine_random(void)
{
	static uint64_t state;
	uint64_t seed = state == 0 ? random_seed() : 0;

	/* splitmix64 (Steele, Lea, Flood 2014), stirred by the clock; but for the first time: the clock lies where the
	 * start of a program touches nothing else of libc. */
	state += 0x9e3779b97f4a7c15u + (seed != 0 ? seed : clock_stopwatch_read());
	uint64_t z = state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* --- Files -------------------------------------------------------------------------------------- */

bool machine_file_read(const char *path, char *text, size_t bytes)
{
	int cancel = report_hold_cancel();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd >= 0) {
		got = read(fd, text, bytes - 1);
		close(fd);
	}
	report_release_cancel(cancel);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return true;
}

/* --- Processors and memory ---------------------------------------------------------------------- */

/* The processors that the control group's quota pays for, rounded up; 0 where there is no quota. */
static unsigned cgroup_cpus(void)
{
	char text[128];
	unsigned long quota = 0;
	unsigned long period = 0;
	char *rest;

	/* Version 2: "QUOTA PERIOD" or "max PERIOD"; inside a container its own group is the root. */
	if (machine_file_read("/sys/fs/cgroup/cpu.max", text, sizeof text)) {
		quota = strtoul(text, &rest, 10);
		period = strtoul(rest, NULL, 10);
	} else if (machine_file_read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text, sizeof text) &&
	           text[0] != '-') {
		quota = strtoul(text, NULL, 10);
		if (machine_file_read("/sys/fs/cgroup/cpu/cpu.cfs_period_us", text, sizeof text))
			period = strtoul(text, NULL, 10);
	}
	return quota == 0 || period == 0 ? 0 : (unsigned)((quota + period - 1) / period);
}

/* Room for 8,192 CPUs; the system refuses less than it has. */
#define AFFINITY_WORDS (8192 / (8 * sizeof(unsigned long)))

unsigned machine_cpus(void)
{
	unsigned long set[AFFINITY_WORDS];
	unsigned cpus = 0;
	unsigned quota = cgroup_cpus();
	/* Not sched_getaffinity: it lies where the start of a program touches nothing else of libc. */
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);

	for (long i = 0; i < bytes / (long)sizeof *set; i++)
		cpus += (unsigned)__builtin_popcountl(set[i]);
	if (cpus == 0)
		cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (quota != 0 && quota < cpus)
		cpus = quota;
	return cpus == 0 ? 1 : cpus;
}

runs_seldom size_t machine_memory_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return SIZE_MAX;
	return (size_t)info.totalram * info.mem_unit;
}
