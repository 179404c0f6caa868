/* A machine that has been up for 28 days: milliseconds in 32 bits count from there as negative. What is idle goes
 * back all the same.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <sys/syscall.h>
#include <time.h>

enum { BLOCKS = 40000, BLOCK_BYTES = 1000, DAYS = 28, DAY_S = 24 * 60 * 60 };

/* The library's calls come here, too. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	static time_t shift;
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) {
		if (shift == 0)
			shift = (time_t)DAYS * DAY_S - now->tv_sec;
		now->tv_sec += shift;
	}
	return result;
}

/* As many as it takes to come to a slow path. */
static void allocate_some(void)
{
	void *some[600];

	for (unsigned i = 0; i < 600; i++)
		some[i] = malloc(40 + i);
	for (unsigned i = 0; i < 600; i++)
		free(some[i]);
}

int main(void)
{
	static void *blocks[BLOCKS];
	size_t before = resident_bytes();
	bool back = false;

	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		REQUIRE(blocks[i]);
		memset(blocks[i], 1, BLOCK_BYTES);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	for (unsigned tries = 0; tries < 100 && !back; tries++) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		allocate_some();
		back = resident_bytes() < before + (8 << 20);
	}
	REQUIRE(back);
	return 0;
}
