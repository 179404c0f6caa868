/* asked.h - how much memory a test has asked huge pages for; and a clock by which each costs what the test says. */
#ifndef ASKED_H
#define ASKED_H

#include "test.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { MIB = 1 << 20 };

/* Volatile, as malloc is not known to look at them. */
static volatile long huge_ns = 1000;  /* one takes */
static volatile long small_ns = 1000; /* and a small page */
static volatile long clock_ns;
static void *huge_last;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, clock, now);
	*now = (struct timespec){.tv_sec = 1 + clock_ns / 1000000000,
	                         .tv_nsec = clock_ns % 1000000000};
	return 0;
}

int madvise(void *start, size_t bytes, int advice)
{
	if (advice == MADV_HUGEPAGE)
		huge_last = start;
	if (advice == MADV_POPULATE_WRITE)
		clock_ns += start == huge_last ? huge_ns : (long)(bytes >> 12) * small_ns;
	return (int)syscall(SYS_madvise, start, bytes, advice);
}

static inline bool has_huge_pages(void)
{
	return access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;
}

/* In bytes. */
static inline size_t asked_for(void)
{
	char line[512];
	size_t bytes = 0, sum = 0;
	unsigned long start, end;
	FILE *file = fopen("/proc/self/smaps", "re");

	REQUIRE(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			bytes = end - start;
		else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL)
			sum += bytes;
	}
	fclose(file);
	return sum;
}

/* Runs each case in a process of its own. */
static inline void run_cases(void (*const cases[])(void), size_t count)
{
	int status;

	for (size_t i = 0; i < count; i++) {
		pid_t pid = fork();
		REQUIRE(pid >= 0);
		if (pid == 0) {
			cases[i]();
			exit(0);
		}
		REQUIRE(waitpid(pid, &status, 0) == pid);
		printf("case %zu: status %d\n", i, status);
		REQUIRE(status == 0);
	}
}

#endif
