/*
 * pages - finds the OS pages of slabs that hold no slot in use, and gives those back that have idled.
 *
 * Holds:  nothing; each arena lists its slabs that lost slots, the longest idle first.
 * Always: a slot that lies in pages which went back is FRESH.
 * Locks:  arena->lock (rank ARENA), one at a time; may then take HEAP and PAGE_B.
 */
#include "pages.h"
#include "clock.h"
#include "heap.h"
#include "os.h"
#include "slots.h"

#include <string.h>

/* Whether all slots from first to last are in the slab. */
static bool slots_are_home(const struct slab *slab, unsigned first, unsigned last)
{
	uint64_t from = UINT64_MAX << first % SLAB_WORD_BITS;

	for (unsigned word = first / SLAB_WORD_BITS; word < last / SLAB_WORD_BITS;
	     word++, from = UINT64_MAX)
		if ((~slab->free_bits[word] & from) != 0)
			return false;
	return (~slab->free_bits[last / SLAB_WORD_BITS] & from &
	        UINT64_MAX >> (SLAB_WORD_BITS - 1 - last % SLAB_WORD_BITS)) == 0;
}

/* Whether no slot that touches the OS page is in use, and one of them was handed out before. */
static bool os_page_is_idle(const struct slab *slab, unsigned page)
{
	uint32_t slot_bytes = slab_class(slab)->slot_bytes;
	unsigned first = (unsigned)(((size_t)page << os_page_shift) / slot_bytes);
	unsigned last = (unsigned)((((size_t)page + 1) << os_page_shift) - 1) / slot_bytes;

	if (last >= slab_class(slab)->slots)
		last = slab_class(slab)->slots - 1u;
	if (!slots_are_home(slab, first, last))
		return false;
	for (unsigned slot = first; slot <= last; slot++)
		if (slab_states(slab)[slot] != SLOT_FRESH)
			return true;
	return false;
}

/* After the bytes from start to end of a slab were purged: slots wholly inside read as zero. */
static void slots_set_fresh(struct slab *slab, size_t start, size_t end)
{
	uint32_t slot_bytes = slab_class(slab)->slot_bytes;
	unsigned first = (unsigned)((start + slot_bytes - 1) / slot_bytes);
	unsigned last = (unsigned)(end / slot_bytes);

	if (last > slab_class(slab)->slots)
		last = slab_class(slab)->slots;
	if (first < last)
		memset(slab_states(slab) + first, SLOT_FRESH, last - first);
}

static size_t purge_some(struct slab *slab)
{
	unsigned pages =
	        (unsigned)(slab_class(slab)->heap_pages * HEAP_PAGE_BYTES >> os_page_shift);
	size_t purged = 0;

	for (unsigned page = 0; page < pages; page++) {
		unsigned run = page;
		while (run < pages && os_page_is_idle(slab, run))
			run++;
		size_t start = (size_t)page << os_page_shift;
		size_t end = (size_t)run << os_page_shift;
		if (run > page &&
		    heap_purge_range(heap_process, slab->start + start, end - start)) {
			slots_set_fresh(slab, start, end);
			purged += end - start;
		}
		page = run;
	}
	return purged;
}

static size_t purge_whole(struct arena *arena, struct slab *slab)
{
	size_t bytes = slab_class(slab)->heap_pages * HEAP_PAGE_BYTES;
	bool purged = heap_purge_range(heap_process, slab->start, bytes);

	slab_retire(arena, slab, purged ? HEAP_ZERO : HEAP_DIRTY);
	return purged ? bytes : 0;
}

/* Purges the slab of an arena that has been idle longest. Returns: false when none is old enough, or the system
 * does not let it go: it waits anew then. */
static bool arena_purge_one(struct arena *arena, uint32_t now_ms, uint32_t age_ms, size_t *purged)
{
	bool done = false;

	lock_acquire(&arena->lock);
	slots_open_mail(arena);
	struct slab *slab = arena->idle_first;
	if (slab != NULL && clock_has_passed(now_ms, slab->idle_since, age_ms)) {
		bool empty = slab->free == slab_class(slab)->slots;
		slab_idle_remove(arena, slab);
		done = !empty || slab_unguard(slab);
		if (empty && done)
			*purged += purge_whole(arena, slab);
		else
			*purged += purge_some(slab);
		if (!done)
			slab_idle_add(arena, slab);
	}
	lock_release(&arena->lock);
	return done;
}

runs_later size_t pages_purge(uint32_t now_ms, uint32_t age_ms)
{
	size_t purged = 0;

	for (unsigned i = 0; i < ARENAS_MAX && slab_arena(i) != NULL; i++)
		while (arena_purge_one(slab_arena(i), now_ms, age_ms, &purged))
			;
	return purged;
}
