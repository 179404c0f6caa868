/*
 * clock.h - what time it is: in ms for the age of what is idle, in ns for what is timed.
 *
 * None of this fails, or touches errno; all of it may be called from any thread, and from a signal handler.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A clock for the slow paths, in ns; it stands still at 0 unless clock_stopwatch_runs, which is set once,
 * at boot, by those who want the time told. */
extern bool clock_stopwatch_runs;
uint64_t clock_stopwatch_read(void);

static inline uint64_t clock_stopwatch(void)
{
	return __builtin_expect(clock_stopwatch_runs, 0) ? clock_stopwatch_read() : 0;
}

static inline uint64_t clock_stopwatch_since(uint64_t start)
{
	return __builtin_expect(start != 0, 0) ? clock_stopwatch_read() - start : 0;
}

/* Milliseconds from an arbitrary moment; never 0, and coarse: some 4 ms. */
uint32_t clock_ms(void);

/* The same in 64 bits: those of the other start anew after 49 days. */
uint64_t clock_whole_ms(void);

/* Returns: whether since_ms lies age_ms or more before now_ms; for an age of 0, always. A moment that another thread
 * has entered after now_ms was read does not. */
static inline bool clock_has_passed(uint32_t now_ms, uint32_t since_ms, uint32_t age_ms)
{
	uint32_t passed = now_ms - since_ms;

	return age_ms == 0 || (passed >= age_ms && passed < UINT32_MAX - 60000);
}

/* Returns: whether a moment has come that was set at most most_ms ahead; the clock may have gone around since. One that
 * lies up to a second further ahead has not: now_ms may have been read before it was set. */
static inline bool clock_has_come(uint32_t now_ms, uint32_t then_ms, uint32_t most_ms)
{
	return then_ms - now_ms - 1 >= most_ms + 1000;
}

#endif
