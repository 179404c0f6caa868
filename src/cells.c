/*
 * cells - the cells that tile Page A, split and merged, and found by address.
 *
 * Holds:  cell records, in address order; those of the process heap in an array that grows.
 * Always: where a cell ends, the next one starts; cell 1, the head, is never given up; each heap_page
 *         names the first cell that starts in it.
 * Locks:  none; heap->lock is held.
 *
 *     before  | 1: free                      | 2: in use |        new_cell(1, n)
 *     after   | 1: n granules | 3: free      | 2: in use |
 */
#include "cells.h"

struct array cells_records;

void cells_init(struct heap *heap, size_t granules_max, enum lock_rank rank)
{
	lock_init(&heap->lock, rank);
	heap->granules_max = (uint32_t)granules_max;
	heap->records = CELL_HEAD;
}

bool cells_open(struct heap *heap, size_t granules_max)
{
	if (!array_open(&cells_records, sizeof(struct heap_cell), granules_max + 1))
		return false;
	heap->cells = (struct heap_cell *)cells_records.window.base;
	heap->records_max = (uint32_t)granules_max;
	return true;
}

bool cells_extend(size_t records)
{
	return array_extend(&cells_records, records);
}

/* --- Found by address --------------------------------------------------------------------------- */

static void page_set_first(struct heap_page *page, uint32_t cell)
{
	page->first = (page->first & HEAP_PAGE_MARKS) | cell;
}

/* Enters a new cell in the index by pointer. */
static void index_add(struct heap *heap, uint32_t cell)
{
	uint32_t offset = cell_at(heap, cell)->offset;
	struct heap_page *page = heap_page_of(heap, offset);
	uint32_t first = heap_page_first(page);

	if (first == 0 || cell_at(heap, first)->offset > offset)
		page_set_first(page, cell);
}

/* Takes a cell that is about to vanish out of the index. */
static void index_remove(struct heap *heap, uint32_t cell)
{
	struct heap_cell *old = cell_at(heap, cell);
	struct heap_page *page = heap_page_of(heap, old->offset);

	if (heap_page_first(page) != cell)
		return;
	bool follows =
	        old->next != 0 && heap_page_of(heap, cell_at(heap, old->next)->offset) == page;
	page_set_first(page, follows ? old->next : 0);
}

uint32_t cell_containing(const struct heap *heap, size_t offset)
{
	const struct heap_page *page = &heap->pages[offset >> heap->page_shift];
	uint32_t granule = (uint32_t)(offset >> heap->granule_shift);

	while (heap_page_first(page) == 0)
		page--;
	uint32_t cell = heap_page_first(page);
	if (cell_at(heap, cell)->offset > granule)
		return cell_at(heap, cell)->previous;
	while (cell_end(cell_at(heap, cell)) <= granule)
		cell = cell_at(heap, cell)->next;
	return cell;
}

uint32_t cell_starting(const struct heap *heap, const void *ptr)
{
	size_t offset = (uintptr_t)ptr - heap->base;

	if (offset >= heap_bytes_of(heap, heap->granules))
		return 0;
	if (offset != offset >> heap->granule_shift << heap->granule_shift)
		return 0;
	const struct heap_page *page = &heap->pages[offset >> heap->page_shift];
	uint32_t granule = (uint32_t)(offset >> heap->granule_shift);
	for (uint32_t cell = heap_page_first(page); cell != 0; cell = cell_at(heap, cell)->next) {
		if (cell_at(heap, cell)->offset == granule)
			return cell;
		if (cell_at(heap, cell)->offset > granule)
			return 0;
	}
	return 0;
}

/* --- Made and merged ---------------------------------------------------------------------------- */

/* Takes a record from Page B. Returns: 0 when Page B is full. */
static uint32_t allocate_cell_meta(struct heap *heap)
{
	uint32_t cell = heap->records_free;

	if (cell != 0) {
		heap->records_free = cell_at(heap, cell)->next;
	} else {
		if (heap->grows && !cells_extend(heap->records + 1))
			return 0;
		if (heap->records == heap->records_max)
			return 0;
		cell = heap->records++;
	}
	heap->cells[cell] = (struct heap_cell){0};
	return cell;
}

static void cell_meta_free(struct heap *heap, uint32_t cell)
{
	cell_at(heap, cell)->next = heap->records_free;
	heap->records_free = cell;
}

uint32_t new_cell(struct heap *heap, uint32_t cell, uint32_t size)
{
	uint32_t rest = allocate_cell_meta(heap);

	if (rest == 0)
		return 0;
	struct heap_cell *low = cell_at(heap, cell);
	expect(size > 0);
	expect(size < low->size);
	*cell_at(heap, rest) = (struct heap_cell){
	        .previous = cell,
	        .next = low->next,
	        .offset = low->offset + size,
	        .size = low->size - size,
	        .kind = HEAP_FREE,
	        .dirty = low->dirty,
	};
	if (low->next != 0)
		cell_at(heap, low->next)->previous = rest;
	else
		heap->last = rest;
	low->next = rest;
	low->size = size;
	index_add(heap, rest);
	return rest;
}

void cell_absorb_next(struct heap *heap, uint32_t cell)
{
	struct heap_cell *low = cell_at(heap, cell);
	uint32_t gone = low->next;
	struct heap_cell *high = cell_at(heap, gone);

	expect(gone != CELL_HEAD);
	index_remove(heap, gone);
	low->size += high->size;
	low->dirty = low->dirty || high->dirty;
	low->next = high->next;
	if (high->next != 0)
		cell_at(heap, high->next)->previous = cell;
	else
		heap->last = cell;
	cell_meta_free(heap, gone);
}

uint32_t tile_append(struct heap *heap, uint32_t granules, enum heap_kind kind)
{
	uint32_t cell = allocate_cell_meta(heap);

	if (cell == 0)
		return 0;
	*cell_at(heap, cell) = (struct heap_cell){
	        .previous = heap->last,
	        .offset = heap->granules,
	        .size = granules,
	        .kind = (uint8_t)kind,
	};
	if (heap->last != 0)
		cell_at(heap, heap->last)->next = cell;
	heap->last = cell;
	heap->granules += granules;
	index_add(heap, cell);
	return cell;
}

/* --- The walker --------------------------------------------------------------------------------- */

runs_seldom bool cell_ok(const struct heap *heap, uint32_t cell)
{
	const struct heap_cell *seen = cell_at(heap, cell);
	const void *start = (const void *)heap_address_of(heap, seen->offset);
	bool linked = seen->size != 0;

	if (seen->next == 0)
		linked = linked && heap->last == cell && cell_end(seen) == heap->granules;
	else
		linked = linked && cell_at(heap, seen->next)->previous == cell &&
		         cell_at(heap, seen->next)->offset == cell_end(seen);
	return linked && cell_starting(heap, start) == cell &&
	       cell_containing(heap, heap_bytes_of(heap, cell_end(seen)) - 1) == cell;
}
