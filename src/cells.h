/*
 * cells.h - the two pages of a heap: Page A in cells, Page B with what is known of them.
 *
 *     Page A   | cell 1 | cell 2        | cell 3 |          ... cell x+1 starts where cell x ends
 *     Page B   struct heap, bins, heap_pages, cell records
 *
 * A cell is named by the number of its record, from 1; 0 is none. Sizes in a record are in granules.
 * Who calls a function of this room holds the heap's lock.
 */
#ifndef CELLS_H
#define CELLS_H

#include "array.h"
#include "lock.h"
#include "os.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum heap_kind {
	HEAP_FREE,
	HEAP_BLOCK, /* what a user asked for, in one piece */
	HEAP_SLAB,  /* cut into slots by the room above */
	HEAP_HOLE,  /* addresses that are not ours: somebody else has mapped them, or may */
};

struct heap_cell {
	uint32_t previous; /* in address order */
	uint32_t next;
	uint32_t offset;
	uint32_t size;
	union {
		uint32_t child; /* free cells: in the bin, an address-ordered pairing heap */
		uint32_t asked; /* blocks with room to grow: granules asked for; else 0 */
	};
	uint32_t sibling;
	uint32_t up;
	uint8_t kind;
	bool dirty; /* free cells of the process heap: some page may not read as zero */
};

/* What is known of a stretch of Page A: one heap page in the process heap, 64 granules in others. */
struct heap_page {
	uint32_t first;       /* cell: the first that starts here; and the marks below */
	uint32_t dirty_since; /* process heap: when its last cell was freed, ms; 0: reads as zero */
};

/* A block that started at this page was freed: a second free of it can be told. */
#define HEAP_PAGE_FREED 0x80000000u

/* The huge page that starts here was asked for. */
#define HEAP_PAGE_HUGE 0x40000000u

/* The huge page that starts here was given up. */
#define HEAP_PAGE_LEFT 0x20000000u

#define HEAP_PAGE_MARKS (HEAP_PAGE_FREED | HEAP_PAGE_HUGE | HEAP_PAGE_LEFT)

struct heap {
	struct lock lock;
	uintptr_t base; /* of Page A */
	struct heap_page *pages;
	struct heap_cell *cells;
	uint32_t *bins;
	uint64_t bins_used[2]; /* a bit a bin */
	uint32_t granules;     /* of Page A, tiled by cells */
	uint32_t granules_max;
	uint32_t granules_in_use;
	uint32_t granules_dirty; /* of the free ones, those that may be resident. Process heap */
	uint32_t cells_in_use;
	uint32_t last;    /* cell: ends where Page A ends */
	uint32_t records; /* that were ever used, cell 0 among them */
	uint32_t records_max;
	uint32_t records_free; /* cell: a list through next */
	uint8_t granule_shift;
	uint8_t page_shift; /* of a heap_page, in bytes */
	bool grows;         /* the process heap */
	uint64_t blocks_taken;
	uint64_t blocks_given;
	uint64_t blocks_resized; /* in place */
	uint64_t block_ns;       /* time in these three, while the statistics are on */
};

/* The first cell: it is never given up. */
#define CELL_HEAD 1u

static inline struct heap_cell *cell_at(const struct heap *heap, uint32_t cell)
{
	expect(cell < heap->records);
	return &heap->cells[cell];
}

static inline uint32_t cell_end(const struct heap_cell *cell)
{
	return cell->offset + cell->size;
}

static inline bool cell_is_free(const struct heap *heap, uint32_t cell)
{
	return cell != 0 && cell_at(heap, cell)->kind == HEAP_FREE;
}

static inline size_t heap_bytes_of(const struct heap *heap, uint32_t granules)
{
	return (size_t)granules << heap->granule_shift;
}

static inline uintptr_t heap_address_of(const struct heap *heap, uint32_t offset)
{
	return heap->base + heap_bytes_of(heap, offset);
}

static inline struct heap_page *heap_page_of(const struct heap *heap, uint32_t offset)
{
	return &heap->pages[heap_bytes_of(heap, offset) >> heap->page_shift];
}

static inline uint32_t heap_page_first(const struct heap_page *page)
{
	return page->first & ~HEAP_PAGE_MARKS;
}

/* How many of the granules from offset on may be resident. Process heap. */
static inline uint32_t heap_dirty_in(const struct heap *heap, uint32_t offset, uint32_t granules)
{
	const struct heap_page *page = &heap->pages[offset];
	const struct heap_page *end = page + granules;
	uint32_t dirty = 0;

	for (; page < end; page++)
		dirty += page->dirty_since != 0;
	return dirty;
}

/* A heap of so many granules, none of which has a cell yet. */
void cells_init(struct heap *heap, size_t granules_max, enum lock_rank rank);

/* The records of the process heap's cells. */
extern struct array cells_records;

/* Opens them: they grow, to one a granule.
 * Returns: false when the system has no room. */
bool cells_open(struct heap *heap, size_t granules_max);

/* Sees to it that there may be so many. Returns: false when there is no room. */
bool cells_extend(size_t records);

/* Tiles the next granules of Page A with one more cell. Its page table reaches so far.
 * Returns: the cell; 0 when Page B is full. */
uint32_t tile_append(struct heap *heap, uint32_t granules, enum heap_kind kind);

/* Splits a cell that is in no bin: it keeps size granules, the rest becomes a new free cell, also in
 * no bin. Returns: the new cell; 0 when Page B is full. */
uint32_t new_cell(struct heap *heap, uint32_t cell, uint32_t size);

/* Merges a cell with the one behind it, whose record goes back to Page B. Neither is in a bin. */
void cell_absorb_next(struct heap *heap, uint32_t cell);

/* The cell that contains the byte at offset bytes of Page A. Requires: it lies in Page A. */
uint32_t cell_containing(const struct heap *heap, size_t offset);

/* The cell that starts at ptr, or 0. */
uint32_t cell_starting(const struct heap *heap, const void *ptr);

/* Whether a cell ends where the next one starts, and is found by pointer. */
bool cell_ok(const struct heap *heap, uint32_t cell);

#endif
