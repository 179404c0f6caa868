/*
 * clock - what time it is.
 *
 * Holds:  whether anybody wants the slow paths timed.
 * Always: no moment is 0, which stands for none.
 * Locks:  none.
 */
#include "clock.h"

#include <time.h>

bool clock_stopwatch_runs;

uint64_t clock_whole_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return ms == 0 ? 1 : ms;
}

uint32_t clock_ms(void)
{
	uint32_t ms = (uint32_t)clock_whole_ms();

	return ms == 0 ? 1 : ms;
}

uint64_t clock_stopwatch_read(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
