/* made.h - a heap made by hand, of numbers alone: the two rooms of cells need nobody who hands out memory. */
#ifndef MADE_H
#define MADE_H

#include "bins.h"
#include "test.h"

enum { made_granules = 1000, made_records = 300 };

static struct {
	struct heap heap;
	struct heap_page pages[made_granules / 64 + 1];
	uint32_t bins[BINS_MAX];
	struct heap_cell cells[made_records];
} made;

/* Returns: an empty heap of granule 1 at 0x10000. */
static inline struct heap *make_heap(void)
{
	memset(&made, 0, sizeof made);
	cells_init(&made.heap, made_granules, LOCK_RANK_HEAP);
	made.heap.base = 0x10000;
	made.heap.page_shift = 6;
	made.heap.pages = made.pages;
	made.heap.bins = made.bins;
	made.heap.cells = made.cells;
	made.heap.records_max = made_records;
	return &made.heap;
}

/* The cells as "OFFSET+SIZE" and a letter for the kind. */
static inline bool looks(const struct heap *heap, const char *expected)
{
	static char text[1000];
	int length = 0;

	text[0] = '\0';
	for (uint32_t cell = heap->last == 0 ? 0 : CELL_HEAD; cell != 0;
	     cell = cell_at(heap, cell)->next)
		length += sprintf(text + length, "%s%u+%u%c", length > 0 ? " " : "",
		                  cell_at(heap, cell)->offset, cell_at(heap, cell)->size,
		                  "FUSH"[cell_at(heap, cell)->kind]);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "the cells are\n\t%s\nand should be\n\t%s\n", text, expected);
	return strcmp(text, expected) == 0;
}

#endif
