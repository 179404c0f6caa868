/*
 * purge - gives memory of a heap back to the system.
 *
 * Holds:  which ends of blocks of the process heap were given back of late.
 * Always: a page of the process heap that was given back is not dirty: it reads as zero.
 * Locks:  heap->lock; none for a cell that was just handed out, of which nobody else knows.
 */
#include "purge.h"
#include "bins.h"
#include "clock.h"
#include "huge.h"

#include <string.h>

/* A stretch of so many bytes is zeroed by giving its pages back; one of so many is looked at first, as to clear what is
 * not in memory brings it there. */
#define ZERO_BY_PURGE_BYTES_MIN ((size_t)4 << 20)
#define ZERO_LOOK_BYTES_MIN     ((size_t)256 << 10)

/* Of so many pages, so many may not read as zero. */
#define ZERO_LOOKS         8
#define ZERO_LOOKS_TOUCHED 2

/* Whether it looks as if little of a stretch was touched. */
static bool is_sparse(const char *start, size_t bytes)
{
	size_t stride = bytes / ZERO_LOOKS;
	unsigned touched = 0;

	for (unsigned i = 0; i < ZERO_LOOKS && touched <= ZERO_LOOKS_TOUCHED; i++)
		touched += !os_page_is_zero(start + i * stride + stride / 2);
	return touched <= ZERO_LOOKS_TOUCHED;
}

static void zero(void *start, size_t bytes)
{
	bool by_purge = bytes >= ZERO_BY_PURGE_BYTES_MIN ||
	                (bytes >= ZERO_LOOK_BYTES_MIN && is_sparse(start, bytes));

	if (!by_purge || !os_purge(start, bytes))
		memset(start, 0, bytes);
}

void heap_zero(struct heap *heap, void *ptr, size_t bytes)
{
	size_t page = ((uintptr_t)ptr - heap->base) >> HEAP_PAGE_SHIFT;
	size_t end = page + ((bytes + HEAP_PAGE_BYTES - 1) >> HEAP_PAGE_SHIFT);

	while (page < end) {
		size_t run = page;
		while (run < end && heap->pages[run].dirty_since != 0)
			run++;
		void *start = (void *)(heap->base + (page << HEAP_PAGE_SHIFT));
		zero(start, (run - page) << HEAP_PAGE_SHIFT);
		page = run + 1;
	}
}

bool heap_is_zero(struct heap *heap, const void *ptr, size_t bytes)
{
	size_t first = ((uintptr_t)ptr - heap->base) >> HEAP_PAGE_SHIFT;

	for (size_t page = first; page < first + (bytes >> HEAP_PAGE_SHIFT); page++)
		if (heap->pages[page].dirty_since != 0)
			return false;
	return true;
}

static bool page_is_idle(const struct heap_page *page, uint32_t now_ms, uint32_t age_ms)
{
	return page->dirty_since != 0 && clock_has_passed(now_ms, page->dirty_since, age_ms);
}

/* Gives back heap pages, from first to before end. Returns: false when the system refused. */
static bool run_purge(struct heap *heap, uint32_t first, uint32_t end)
{
	huge_leave(heap, first, end - first);
	if (!os_purge((void *)heap_address_of(heap, first), heap_bytes_of(heap, end - first)))
		return false;
	heap->granules_dirty -= end - first;
	for (; first < end; first++)
		heap->pages[first].dirty_since = 0;
	return true;
}

/* Gives back the runs of idle heap pages in a free cell of the process heap. Returns: their bytes. */
static size_t cell_purge(struct heap *heap, uint32_t cell, uint32_t now_ms, uint32_t age_ms)
{
	struct heap_cell *free_cell = cell_at(heap, cell);
	uint32_t end = cell_end(free_cell);
	size_t purged = 0;
	bool dirty = false;

	for (uint32_t page = free_cell->offset, run; page < end; page = run) {
		run = page;
		while (run < end && page_is_idle(&heap->pages[run], now_ms, age_ms))
			run++;
		if (run == page) {
			dirty = dirty || heap->pages[page].dirty_since != 0;
			run++;
		} else if (run_purge(heap, page, run)) {
			purged += heap_bytes_of(heap, run - page);
		} else {
			dirty = true;
		}
	}
	free_cell->dirty = dirty;
	return purged;
}

bool heap_purge_range(struct heap *heap, uintptr_t start, size_t bytes)
{
	uint32_t first = (uint32_t)((start - heap->base) >> HEAP_PAGE_SHIFT);
	uint32_t last = (uint32_t)((start + bytes - 1 - heap->base) >> HEAP_PAGE_SHIFT);
	bool whole = start % HEAP_PAGE_BYTES == 0 && bytes % HEAP_PAGE_BYTES == 0;

	lock_acquire(&heap->lock);
	/* A part of a heap page is a part of its huge page. */
	if (whole)
		huge_leave(heap, first, last - first + 1);
	else
		for (uint32_t page = first; page <= last; page++)
			huge_leave(heap, page, 1);
	lock_release(&heap->lock);
	return os_purge((void *)start, bytes);
}

/* Gives back the whole OS pages in a free cell of a user's heap. */
static size_t cell_purge_inside(struct heap *heap, uint32_t cell)
{
	uintptr_t start = heap_address_of(heap, cell_at(heap, cell)->offset);
	uintptr_t end = heap_address_of(heap, cell_end(cell_at(heap, cell)));

	start = os_whole_pages(start);
	end &= -os_page_bytes;
	return end > start && os_purge((void *)start, end - start) ? end - start : 0;
}

size_t heap_purge(struct heap *heap, uint32_t now_ms, uint32_t age_ms)
{
	size_t purged = 0;

	lock_acquire(&heap->lock);
	for (uint32_t cell = bins_first(heap); cell != 0; cell = bins_next(heap, cell)) {
		if (!heap->grows)
			purged += cell_purge_inside(heap, cell);
		else if (cell_at(heap, cell)->dirty)
			purged += cell_purge(heap, cell, now_ms, age_ms);
	}
	lock_release(&heap->lock);
	return purged;
}

/* --- The ends of blocks ------------------------------------------------------------------------- */

/* A block ends in the middle of its last heap page. What lay there before stays in memory, and is of no use to anybody: while
 * the heap grows it goes back first, if it is worth a system call, and does not split a huge page. */
#define TAIL_BYTES_MIN ((size_t)16 << 10)
#define TAIL_GROWTH_MS 100u

/* What is gone already, of some heap pages: blocks that come and go in the same places make no more calls. */
#define TAILS_KNOWN 64u
static struct {
	uint32_t granule;
	uint32_t bytes;
} tails[TAILS_KNOWN] lies_late;

/* Notes that a block leaves so many bytes of a heap page untouched. Returns: how many of them were gone before. */
static size_t tail_note(uint32_t granule, size_t bytes)
{
	size_t i = granule % TAILS_KNOWN;
	size_t gone = tails[i].granule == granule ? tails[i].bytes : 0;

	tails[i].granule = granule;
	tails[i].bytes = (uint32_t)(gone < bytes ? gone : bytes);
	return gone;
}

size_t heap_idle_tail(const struct heap *heap, uint32_t cell, size_t bytes, uint32_t grew_ms)
{
	uint32_t last = cell_end(cell_at(heap, cell)) - 1;
	size_t used = os_whole_pages(bytes);

	if (!heap->grows)
		return 0;
	size_t tail = heap_bytes_of(heap, cell_at(heap, cell)->size) - used;
	if (tail <= tail_note(last, tail) || tail < TAIL_BYTES_MIN ||
	    heap->pages[last].dirty_since == 0 || huge_is_asked_around(heap, last) ||
	    clock_ms() - grew_ms >= TAIL_GROWTH_MS)
		return 0;
	tails[last % TAILS_KNOWN].bytes = (uint32_t)tail;
	return tail;
}
