/*
 * idle - when idle memory goes back to the system: after its time, while the heap grows, for want of memory, and when
 * somebody asks.
 *
 * Holds:  when what is due next.
 * Always: of the threads that come by while something is due, one does it.
 * Locks:  none of its own.
 */
#include "idle.h"
#include "clock.h"
#include "limit.h"
#include "options.h"
#include "page_b.h"
#include "pages.h"
#include "process.h"
#include "purge.h"

#include <errno.h>

/* A heap that never committed so much is not worth a look at the control group. */
#define PRESSURE_BYTES_MIN ((size_t)4 << 20)

/* A heap that has grown by a twelfth, and so much, gives idle memory back before it grows on: what idled for a part of
 * the usual time; and in slabs while it grew from one such mark to the next, as it was no use for that. A program that
 * commits less than the first mark has a slab of each of its classes, and little in them. */
#define GROWTH_PART        12u
#define GROWTH_BYTES_MIN   ((size_t)2 << 20)
#define GROWTH_BYTES_FIRST ((size_t)8 << 20)
#define GROWTH_AGE_PART    16u

static uint32_t tick_next_ms;
static uint64_t growth_next = GROWTH_BYTES_FIRST;
static uint32_t growth_ms; /* the last mark */
static uint64_t trims_begun;

void (*idle_empty_caches)(bool all);
void (*idle_passed)(void);

/* Gives back what has been idle for so long in slabs, and elsewhere. */
runs_later static size_t purge(uint32_t now_ms, uint32_t slabs_age_ms, uint32_t age_ms)
{
	uint64_t clock = clock_stopwatch();
	int saved = errno;
	size_t purged = pages_purge(now_ms, slabs_age_ms);

	purged += heap_purge(heap_process, now_ms, age_ms);
	purged += page_b_purge(now_ms, age_ms);
	if (purged != 0) {
		page_b_count(&halloc_page_b.purges, 1);
		page_b_count(&halloc_page_b.purged_bytes, purged);
	}
	if (clock != 0)
		page_b_count(&halloc_page_b.purge_ns, clock_stopwatch_since(clock));
	errno = saved;
	return purged;
}

size_t idle_purge(uint32_t now_ms, uint32_t age_ms)
{
	return purge(now_ms, age_ms, age_ms);
}

static void empty_caches(bool all)
{
	if (idle_empty_caches != NULL)
		idle_empty_caches(all);
}

runs_seldom size_t idle_trim(uint32_t now_ms)
{
	empty_caches(true);
	return idle_purge(now_ms, 0);
}

/* Somebody has asked from outside for all idle memory. Whoever asked reads what it brought once it is said to be
 * done. */
runs_seldom static void trim_wanted(uint64_t wanted, uint32_t now_ms)
{
	if (__atomic_exchange_n(&trims_begun, wanted, __ATOMIC_RELAXED) == wanted)
		return;
	page_b_count(&halloc_page_b.trimmed_bytes, idle_trim(now_ms));
	__atomic_store_n(&halloc_page_b.trims_done, wanted, __ATOMIC_RELEASE);
}

/* A look at the control group costs some microseconds: it is worth them where there is something to
 * be had. */
static void pressure_tick(uint32_t now_ms)
{
	if (halloc_page_b.committed_bytes_peak < PRESSURE_BYTES_MIN || !limit_pressed(now_ms))
		return;
	if (idle_trim(now_ms) != 0)
		page_b_count(&halloc_page_b.pressure_purges, 1);
}

/* What idles in slabs of some classes is no use to others, before it goes back. */
__attribute__((noinline)) static void growth_tick(uint64_t peak, uint64_t next, uint32_t now_ms,
                                                  uint32_t age_ms)
{
	uint64_t then = peak + peak / GROWTH_PART + GROWTH_BYTES_MIN;

	if (!__atomic_compare_exchange_n(&growth_next, &next, then, false, __ATOMIC_RELAXED,
	                                 __ATOMIC_RELAXED))
		return;
	uint32_t since = now_ms - __atomic_exchange_n(&growth_ms, now_ms, __ATOMIC_RELAXED);
	uint32_t part = age_ms / GROWTH_AGE_PART;
	purge(now_ms, (since < part ? since : part) + 1, part + 1);
}

void idle_look(void)
{
	uint32_t now = clock_ms();
	uint32_t next = __atomic_load_n(&tick_next_ms, __ATOMIC_RELAXED);
	uint32_t age = (uint32_t)options.purge_after_ms;
	uint64_t wanted = __atomic_load_n(&halloc_page_b.trims_wanted, __ATOMIC_RELAXED);

	if (unlikely(wanted != __atomic_load_n(&halloc_page_b.trims_done, __ATOMIC_RELAXED)))
		trim_wanted(wanted, now);
	if (unlikely(limit_watches))
		pressure_tick(now);
	uint64_t peak = __atomic_load_n(&halloc_page_b.committed_bytes_peak, __ATOMIC_RELAXED);
	uint64_t grown = __atomic_load_n(&growth_next, __ATOMIC_RELAXED);
	if (unlikely(peak >= grown))
		growth_tick(peak, grown, now, age);
	if (likely(next != 0 && !clock_has_come(now, next, age / 4 + 1)))
		return;
	if (unlikely(halloc_page_b.start_ms == 0))
		halloc_page_b.start_ms = clock_whole_ms();
	/* One thread of those that come by does the work; the first time of all there is none. */
	if (__atomic_compare_exchange_n(&tick_next_ms, &next, now + age / 4 + 1, false,
	                                __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
	    next != 0) {
		empty_caches(false);
		idle_purge(now, age);
	}
}

void idle_tick(void)
{
	if (unlikely(__atomic_load_n(&idle_passed, __ATOMIC_RELAXED) != NULL)) {
		void (*passed)(void) = __atomic_exchange_n(&idle_passed, NULL, __ATOMIC_ACQ_REL);
		if (passed != NULL)
			passed();
	}
	idle_look();
}
