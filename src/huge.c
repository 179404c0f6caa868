/*
 * huge - huge pages under the process heap.
 *
 * Holds:  how many huge pages are given up, and whether more are asked for; in the heap pages, which were.
 * Always: none is asked for where something has been touched; one of which a part goes back is given up before.
 * Locks:  none; heap->lock is held.
 *
 * They save most of the page faults and TLB misses, and cost memory where they are not filled. So one is asked for
 * only in a stretch of Page A that nothing has touched, and
 *
 *     under slabs   when one comes to lie at, or across, its start, in a heap that is large already: slabs then
 *                   fill it from the bottom up. Each arena may have begun a slab of many classes, so the more there
 *                   are, the larger it must be;
 *     in a block    in such a heap, when it grows where it is: so it was filled before.
 *
 * Where small pages are dear (see touch.h), a heap is large sooner, and a block that is to be written, mostly from its
 * start on, has them from its start on, too.
 *
 * They come slowly where the system must look for them, or where it is a guest and its host must find the memory: so
 * the first of each stretch is touched at once, and where that took twice as long as to make as many small pages, there
 * are none for a while.
 *
 * What a huge page has brought into memory counts as dirty, so it goes back when it has been idle as all else does. No
 * more are wanted in a stretch of which a part was given back; nor where there is a limit, which counts what is in use,
 * or sampling, as the guarded blocks' cells lie among the slabs, and hardly any of their memory is used.
 */
#include "huge.h"
#include "clock.h"
#include "limit.h"
#include "options.h"
#include "touch.h"

#define HUGE_GRANULES ((uint32_t)(HUGE_BYTES >> HEAP_PAGE_SHIFT))

/* So much of the heap is in use before any is asked for in blocks, or where one ends: a part of each may stay empty.
 * And so much, for each arena, before any is asked for under slabs: the last one may be nearly empty. */
#define HEAP_BYTES_MIN      ((size_t)24 << 20)
#define HEAP_BYTES_MIN_DEAR ((size_t)8 << 20)

/* When so much of Page A is claimed, claims end at their boundaries: the first block may ask for some at once. */
#define NEAR_BYTES_MIN      ((size_t)16 << 20)
#define NEAR_BYTES_MIN_DEAR ((size_t)4 << 20)

/* Pages that are not made many at a time take twice as long, or more; so may a part of a huge one. */
#define HUGE_FACTOR 2u

/* A stretch that is given up is a mapping of its own, and parts another: so many may be at a time, a thirty-second of the
 * mappings that a process has by default. (What it may have is not looked up: a program may have forbidden itself to open
 * a file by now.) */
#define LEFT_MAX (OS_MAPPINGS_MAX / 32u)

/* Where one takes too long, none are asked for the next so many times; and so on, twice as many each time. */
#define PAUSE_FIRST 16u
#define PAUSE_MOST  1024u

/* How sure it is that what a huge page is asked for will be filled. */
enum wish { WISH_NONE, WISH_LIKELY, WISH_SURE };

/* As options.huge_pages has them. */
enum { HUGE_AUTO, HUGE_OFF, HUGE_ON };

unsigned huge_arenas;

static unsigned left;
static bool ended; /* there are none */

static struct {
	bool huge_paid; /* the last that was timed */
	unsigned pause, pause_next;
} costs = {.pause_next = PAUSE_FIRST};

static bool are_wanted(void)
{
	if (options.huge_pages == HUGE_OFF || options.hardened != 0 || ended)
		return false;
	return options.huge_pages == HUGE_ON || (limit_bytes == SIZE_MAX && options.sample == 0);
}

/* The first boundary of huge pages at an offset, or behind it. */
static uint32_t huge_boundary(const struct heap *heap, uint32_t offset)
{
	uintptr_t start = heap_address_of(heap, offset);

	return offset + (uint32_t)((-start & (HUGE_BYTES - 1)) >> HEAP_PAGE_SHIFT);
}

static bool is_asked(const struct heap *heap, uint32_t offset)
{
	return (heap->pages[offset].first & HEAP_PAGE_HUGE) != 0;
}

/* Where the huge page starts that a granule lies in: which may be before the heap, far behind the granule then. */
static uint32_t huge_start(const struct heap *heap, uint32_t granule)
{
	return huge_boundary(heap, granule + 1) - HUGE_GRANULES;
}

bool huge_is_asked_around(const struct heap *heap, uint32_t granule)
{
	uint32_t start = huge_start(heap, granule);

	return start <= granule && is_asked(heap, start);
}

/* Those from one boundary up to another were asked for, or are no more. */
static void mark(struct heap *heap, uint32_t offset, uint32_t end)
{
	for (; offset < end; offset += HUGE_GRANULES) {
		struct heap_page *page = &heap->pages[offset];
		if ((page->first & HEAP_PAGE_LEFT) != 0)
			left--;
		page->first = (page->first ^ HEAP_PAGE_HUGE) & ~HEAP_PAGE_LEFT;
	}
}

/* --- What they cost ------------------------------------------------------------------------------ */

bool huge_are_near(size_t bytes)
{
	if (!are_wanted())
		return false;
	return options.huge_pages == HUGE_ON || bytes >= NEAR_BYTES_MIN ||
	       (bytes >= NEAR_BYTES_MIN_DEAR && touch_is_dear());
}

/* Asks for one, and has it made. Returns: whether it took not much longer than as many small pages. */
runs_later static bool one_pays(struct heap *heap, uint32_t offset)
{
	uintptr_t start = heap_address_of(heap, offset);
	uint64_t most = (HUGE_BYTES >> os_page_shift) * HUGE_FACTOR * touch_page_ns();

	if (!os_huge_pages((void *)start, HUGE_BYTES, true)) {
		ended = true;
		return false;
	}
	mark(heap, offset, offset + HUGE_GRANULES);
	return touch_timed((void *)start, os_page_bytes) <= most || most == 0;
}

/* Whether huge pages are to be asked for from a boundary on; the first may have been. One that may stay empty is only
 * touched while nothing is known of them. */
runs_later static bool they_pay(struct heap *heap, uint32_t offset, enum wish wish)
{
	if (options.huge_pages == HUGE_ON || (wish != WISH_SURE && costs.huge_paid))
		return true;
	if (costs.pause > 0) {
		costs.pause--;
		return false;
	}
	if (one_pays(heap, offset)) {
		costs.pause_next = PAUSE_FIRST;
		costs.huge_paid = true;
		return true;
	}
	costs.huge_paid = false;
	costs.pause = costs.pause_next;
	if (costs.pause_next < PAUSE_MOST)
		costs.pause_next *= 2;
	return false;
}

/* Asks for all from one boundary up to another, or for none there. */
runs_later static void ask(struct heap *heap, uint32_t offset, uint32_t end, enum wish wish)
{
	bool wanted = wish != WISH_NONE;

	/* Where too many are given up, none but one of those: it is none of them then. */
	if (wanted && left > LEFT_MAX && offset < end) {
		if ((heap->pages[offset].first & HEAP_PAGE_LEFT) == 0)
			return;
		end = offset + HUGE_GRANULES;
	}
	if (offset == end || (wanted && !they_pay(heap, offset, wish)))
		return;
	if (wanted && is_asked(heap, offset))
		offset += HUGE_GRANULES;
	if (offset == end)
		return;
	size_t bytes = heap_bytes_of(heap, end - offset);
	if (!os_huge_pages((void *)heap_address_of(heap, offset), bytes, wanted)) {
		ended = true;
		return;
	}
	mark(heap, offset, end);
}

/* --- Asked for ---------------------------------------------------------------------------------- */

/* Whether so much of the heap is in use, in so many parts, that some are asked for. */
static bool is_large(const struct heap *heap, size_t parts)
{
	size_t bytes = heap_bytes_of(heap, heap->granules_in_use);

	if (options.huge_pages == HUGE_ON || bytes >= parts * HEAP_BYTES_MIN)
		return true;
	return bytes >= parts * HEAP_BYTES_MIN_DEAR && touch_is_dear();
}

/* Asks for all in a cell, from a boundary on, in which nothing has been touched; or for none there. Returns: the first
 * boundary of which the huge page goes beyond the cell. */
runs_later static uint32_t ask_within(struct heap *heap, const struct heap_cell *cell,
                                      uint32_t offset, enum wish wish)
{
	uint32_t from = offset;

	for (; offset + HUGE_GRANULES <= cell_end(cell); offset += HUGE_GRANULES) {
		if (is_asked(heap, offset) != (wish != WISH_NONE) &&
		    heap_dirty_in(heap, offset, HUGE_GRANULES) == 0)
			continue;
		ask(heap, from, offset, wish);
		from = offset + HUGE_GRANULES;
	}
	ask(heap, from, offset, wish);
	return offset;
}

/* Asks for one that begins in a cell and ends in the free cell behind it. */
runs_later static void ask_across(struct heap *heap, const struct heap_cell *cell, uint32_t offset,
                                  enum wish wish)
{
	uint32_t end = offset + HUGE_GRANULES;
	unsigned parts =
	        cell->kind == HEAP_SLAB ? __atomic_load_n(&huge_arenas, __ATOMIC_RELAXED) : 1;

	if (offset < cell_end(cell) && !is_asked(heap, offset) && is_large(heap, parts) &&
	    cell_is_free(heap, cell->next) && cell_end(cell_at(heap, cell->next)) >= end &&
	    heap_dirty_in(heap, offset, HUGE_GRANULES) == 0)
		ask(heap, offset, end, wish);
}

/* Asks for those in a cell from a boundary in it on: a block that grows was filled; of one that was just handed out nobody
 * knows. */
runs_later static void ask_for(struct heap *heap, const struct heap_cell *cell, uint32_t offset)
{
	bool wanted = cell->size < HUGE_GRANULES || offset > huge_boundary(heap, cell->offset) ||
	              options.huge_pages == HUGE_ON;

	wanted = wanted && is_large(heap, 1);
	offset = ask_within(heap, cell, offset, wanted ? WISH_SURE : WISH_NONE);
	if (wanted || cell->kind == HEAP_SLAB)
		ask_across(heap, cell, offset, WISH_SURE);
}

/* From now on counts what a cell has from first to end as dirty. */
static void count_brought(struct heap *heap, uint32_t number, uint32_t first, uint32_t end)
{
	struct heap_cell *cell = cell_at(heap, number);

	if (first < cell->offset)
		first = cell->offset;
	for (; first < end && first < cell_end(cell); first++) {
		if (heap->pages[first].dirty_since != 0)
			continue;
		heap->pages[first].dirty_since = clock_ms();
		if (!cell_is_free(heap, number))
			continue;
		heap->granules_dirty++;
		cell->dirty = true;
	}
}

/* The touch of a cell brings all of a huge page into memory that it lies in in part: what is free of it can be given
 * back then, and slots have been there before they are handed out. */
static void brought(struct heap *heap, uint32_t number, uint32_t granule)
{
	const struct heap_cell *cell = cell_at(heap, number);
	uint32_t first = huge_start(heap, granule);
	uint32_t end = first + HUGE_GRANULES;

	if (!huge_is_asked_around(heap, granule))
		return;
	if (cell_is_free(heap, cell->previous))
		count_brought(heap, cell->previous, first, end);
	if (cell_is_free(heap, cell->next))
		count_brought(heap, cell->next, first, end);
	if (cell->kind == HEAP_SLAB)
		count_brought(heap, number, first, end);
}

void huge_ask(struct heap *heap, uint32_t number, uint32_t offset)
{
	const struct heap_cell *cell = cell_at(heap, number);

	if (!heap->grows)
		return;
	offset = huge_boundary(heap, offset);
	if (offset < cell_end(cell) && are_wanted() &&
	    (cell->size >= HUGE_GRANULES || is_large(heap, 1)))
		ask_for(heap, cell, offset);
	brought(heap, number, cell->offset);
	brought(heap, number, cell_end(cell) - 1);
}

runs_later bool huge_fill(struct heap *heap, uint32_t number, uint32_t offset)
{
	const struct heap_cell *cell = cell_at(heap, number);
	uint32_t first = huge_boundary(heap, offset);

	if (!are_wanted() || !is_large(heap, 1) || !touch_is_dear())
		return false;
	if (heap_bytes_of(heap, cell->size) >= HUGE_FILL_BYTES_MIN && first < cell_end(cell)) {
		ask_across(heap, cell, ask_within(heap, cell, first, WISH_LIKELY), WISH_LIKELY);
		brought(heap, number, cell_end(cell) - 1);
	}
	return huge_is_asked_around(heap, offset) ||
	       (first < cell_end(cell) && is_asked(heap, first));
}

/* --- Given up ----------------------------------------------------------------------------------- */

void huge_leave(struct heap *heap, uint32_t offset, uint32_t granules)
{
	uint32_t skew = (uint32_t)(heap->base % HUGE_BYTES >> HEAP_PAGE_SHIFT);
	uint32_t chunk = (offset + skew) & -HUGE_GRANULES;

	for (; chunk < offset + granules + skew; chunk += HUGE_GRANULES) {
		uint32_t first = chunk - skew;
		if (chunk < skew || !is_asked(heap, first) ||
		    (first >= offset && first + HUGE_GRANULES <= offset + granules))
			continue;
		mark(heap, first, first + HUGE_GRANULES);
		heap->pages[first].first |= HEAP_PAGE_LEFT;
		left++;
		os_huge_pages((void *)heap_address_of(heap, first), HUGE_BYTES, false);
	}
}
