/*
 * touch - measures what it takes to touch memory for the first time, and makes pages ahead where that is dear.
 *
 * Holds:  the least that a page took in the first few trials, as anything may come in between, and the first calls of the
 *         system are slow.
 * Always: once there were so many trials, nothing is measured any more.
 * Locks:  none; threads that try at the same time may try once more, or less.
 */
#include "touch.h"
#include "clock.h"
#include "os.h"
#include "report.h"

#include <errno.h>

#define TRIALS      4u
#define TRIAL_PAGES 4u

#define DEAR_NS 3000u

static uint64_t least_ns;
static uint32_t trials;

static uint32_t trials_done(void)
{
	return __atomic_load_n(&trials, __ATOMIC_RELAXED);
}

static uint64_t least(void)
{
	return __atomic_load_n(&least_ns, __ATOMIC_RELAXED);
}

/* A host may see to a page only when it is touched. */
runs_later uint64_t touch_timed(void *start, size_t bytes)
{
	uint64_t clock = clock_stopwatch_read();

	os_populate(start, bytes);
	for (size_t at = 0; at < bytes; at += os_page_bytes)
		(void)((volatile const char *)start)[at];
	return clock_stopwatch_read() - clock;
}

runs_later static void trial(void *start, size_t bytes)
{
	uint64_t ns = touch_timed(start, bytes) / (bytes >> os_page_shift);
	uint32_t done = trials_done();

	if (done == 0 || ns < least())
		__atomic_store_n(&least_ns, ns, __ATOMIC_RELAXED);
	__atomic_store_n(&trials, done + 1, __ATOMIC_RELAXED);
}

runs_later static void trials_make(void)
{
	size_t bytes = TRIAL_PAGES * os_page_bytes;
	char *start = os_map(TRIALS * bytes);

	if (start == NULL)
		return;
	for (unsigned i = 0; i < TRIALS; i++)
		trial(start + i * bytes, bytes);
	os_unmap(start, TRIALS * bytes);
}

runs_later uint64_t touch_page_ns(void)
{
	int saved = errno;

	if (trials_done() < TRIALS)
		trials_make();
	errno = saved;
	return least();
}

runs_later bool touch_is_dear(void)
{
	return touch_page_ns() > DEAR_NS;
}

void touch_ahead(void *start, size_t bytes)
{
	if (unlikely(trials_done() < TRIALS))
		trial(start, bytes);
	else if (least() > DEAR_NS)
		os_populate(start, bytes);
}
