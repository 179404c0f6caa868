/*
 * huge - huge pages under the slabs of the process heap.
 *
 * Holds:  how many were given up, and whether more are asked for; in the heap pages, which were.
 * Locks:  none; heap->lock is held.
 *
 * They save small blocks most of their TLB misses and page faults, and cost memory where a heap is small or
 * full of holes. So one is asked for when a slab comes to lie at, or across, the start of a stretch of Page A
 * that nothing has touched, in a heap that is large already; slabs then fill it from the bottom up. No more are
 * wanted in a stretch of which a part was given back.
 */
#include "huge.h"
#include "options.h"

#define HUGE_GRANULES       ((uint32_t)(HUGE_BYTES >> HEAP_PAGE_SHIFT))
#define HUGE_HEAP_BYTES_MIN ((size_t)16 << 20)

/* A stretch that is given up is a mapping of its own, of which a process may have some 65,000. */
#define HUGE_LEAVES_MAX 4096u

static unsigned given_up;
static bool ended; /* no more are asked for */

bool huge_are_wanted(void)
{
	return options.huge_pages != 0 && !ended;
}

/* The boundary of huge pages in a cell, as an offset; UINT32_MAX when there is none. */
static uint32_t huge_boundary(const struct heap *heap, const struct heap_cell *cell)
{
	uintptr_t start = heap_address_of(heap, cell->offset);
	uint32_t skip = (uint32_t)((-start & (HUGE_BYTES - 1)) >> HEAP_PAGE_SHIFT);

	return skip < cell->size ? cell->offset + skip : UINT32_MAX;
}

void huge_ask(struct heap *heap, uint32_t cell)
{
	uint32_t offset = huge_boundary(heap, cell_at(heap, cell));
	uint32_t next = cell_at(heap, cell)->next;

	if (!huge_are_wanted() || offset == UINT32_MAX || next == 0 ||
	    heap_bytes_of(heap, heap->granules_in_use) < HUGE_HEAP_BYTES_MIN)
		return;
	if (!cell_is_free(heap, next) || cell_end(cell_at(heap, next)) < offset + HUGE_GRANULES ||
	    heap_dirty_in(heap, offset, HUGE_GRANULES) != 0)
		return;
	if (os_huge_pages((void *)heap_address_of(heap, offset), HUGE_BYTES, true))
		heap->pages[offset].first |= HEAP_PAGE_HUGE;
	else
		ended = true; /* there are none */
}

void huge_leave(struct heap *heap, uint32_t offset, uint32_t granules)
{
	uint32_t skew = (uint32_t)(heap->base % HUGE_BYTES >> HEAP_PAGE_SHIFT);
	uint32_t chunk = (offset + skew) & -HUGE_GRANULES;

	for (; chunk < offset + granules + skew; chunk += HUGE_GRANULES) {
		uint32_t first = chunk - skew;
		if (chunk < skew || (heap->pages[first].first & HEAP_PAGE_HUGE) == 0 ||
		    (first >= offset && first + HUGE_GRANULES <= offset + granules))
			continue;
		heap->pages[first].first &= ~HEAP_PAGE_HUGE;
		os_huge_pages((void *)heap_address_of(heap, first), HUGE_BYTES, false);
		if (++given_up == HUGE_LEAVES_MAX)
			ended = true;
	}
}
