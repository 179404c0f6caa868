/* Cells alone: they tile Page A however they are split and merged, and each byte finds its own.
 * links: cells page_b pool array lock os machine clock report */
#include "cells.h"
#include "child.h"
#include "made.h"
#include "page_b.h"

static void *at(const struct heap *heap, uint32_t offset)
{
	return (void *)heap_address_of(heap, offset);
}

static bool all_ok(const struct heap *heap)
{
	for (uint32_t cell = CELL_HEAD; cell != 0; cell = cell_at(heap, cell)->next)
		if (!cell_ok(heap, cell))
			return false;
	return true;
}

static void split_and_merge(void)
{
	struct heap *heap = make_heap();

	REQUIRE(tile_append(heap, 600, HEAP_FREE) == CELL_HEAD);
	REQUIRE(tile_append(heap, 400, HEAP_HOLE) == 2);
	REQUIRE(looks(heap, "0+600F 600+400H"));
	REQUIRE(new_cell(heap, 1, 100) == 3);
	REQUIRE(new_cell(heap, 3, 1) == 4);
	REQUIRE(looks(heap, "0+100F 100+1F 101+499F 600+400H"));
	REQUIRE(all_ok(heap));
	REQUIRE(cell_starting(heap, at(heap, 100)) == 3);
	REQUIRE(cell_starting(heap, at(heap, 102)) == 0);
	REQUIRE(cell_starting(heap, at(heap, 1000)) == 0);
	REQUIRE(cell_starting(heap, NULL) == 0);
	REQUIRE(cell_containing(heap, 99) == 1);
	REQUIRE(cell_containing(heap, 599) == 4);
	REQUIRE(cell_containing(heap, 999) == 2);
	cell_absorb_next(heap, 3);
	REQUIRE(looks(heap, "0+100F 100+500F 600+400H"));
	REQUIRE(cell_starting(heap, at(heap, 101)) == 0);
	cell_absorb_next(heap, 1);
	REQUIRE(looks(heap, "0+600F 600+400H"));
	/* The record that was given back last is taken first. */
	REQUIRE(new_cell(heap, 1, 5) == 3);
	REQUIRE(all_ok(heap));
}

/* What a cell may hold that is not zero goes with both of its parts, and comes from both. */
static void dirt(void)
{
	struct heap *heap = make_heap();

	REQUIRE(tile_append(heap, 10, HEAP_FREE) == CELL_HEAD);
	cell_at(heap, 1)->dirty = true;
	REQUIRE(new_cell(heap, 1, 5) == 2);
	REQUIRE(cell_at(heap, 2)->dirty);
	cell_at(heap, 1)->dirty = false;
	cell_absorb_next(heap, 1);
	REQUIRE(cell_at(heap, 1)->dirty);
}

static void page_b_full(void)
{
	struct heap *heap = make_heap();

	REQUIRE(tile_append(heap, made_granules, HEAP_FREE) == CELL_HEAD);
	for (uint32_t cell = 2; cell < made_records; cell++)
		REQUIRE(new_cell(heap, cell - 1, 1) == cell);
	REQUIRE(new_cell(heap, made_records - 1, 1) == 0);
	REQUIRE(all_ok(heap));
	cell_absorb_next(heap, 1);
	REQUIRE(new_cell(heap, made_records - 1, 1) == 2);
	REQUIRE(new_cell(heap, 2, 1) == 0);
	REQUIRE(all_ok(heap));
}

/* By chance, against a mark for each granule that a cell starts at. */
static void by_chance(void)
{
	static bool starts[made_granules];
	struct heap *heap = make_heap();
	uint32_t chance = 1;

	REQUIRE(tile_append(heap, made_granules, HEAP_FREE) == CELL_HEAD);
	starts[0] = true;
	for (int step = 0; step < 20000; step++) {
		uint32_t offset = next_random(&chance) % made_granules;
		uint32_t cell = cell_containing(heap, offset);
		uint32_t start = cell_at(heap, cell)->offset;
		uint32_t end = cell_end(cell_at(heap, cell));
		REQUIRE(start <= offset && offset < end && starts[start]);
		REQUIRE(cell_starting(heap, at(heap, offset)) == (starts[offset] ? cell : 0));
		if (start < offset && new_cell(heap, cell, offset - start) != 0) {
			starts[offset] = true;
		} else if (end < made_granules) {
			cell_absorb_next(heap, cell);
			starts[end] = false;
		}
		if (step % 100 == 0)
			REQUIRE(all_ok(heap));
	}
}

static void damage(void *arg)
{
	struct heap *heap = &made.heap;

	switch (*(int *)arg) {
	case 0:
		made.cells[2].size++;
		break;
	case 1:
		made.cells[2].offset--;
		break;
	case 2:
		made.cells[3].previous = 1;
		break;
	case 3:
		made.pages[0].first = 2;
		break;
	case 4:
		heap->last = 1;
		break;
	default:
		break;
	}
	_exit(all_ok(heap) ? 5 : 6);
}

static void walker(void)
{
	struct heap *heap = make_heap();

	REQUIRE(tile_append(heap, made_granules, HEAP_FREE) == CELL_HEAD);
	REQUIRE(new_cell(heap, 1, 16) == 2);
	REQUIRE(new_cell(heap, 2, 16) == 3);
	REQUIRE(child_damages_seen(damage, 5));
}

/* The process's records: as many as are asked for, and no more than a granule each. */
static void records(void)
{
	struct heap *heap = make_heap();

	heap->grows = true;
	REQUIRE(cells_open(heap, made_granules));
	REQUIRE(heap->records_max == made_granules);
	REQUIRE(cells_extend(made_granules));
	REQUIRE(cells_records.window.claimed >= made_granules * sizeof(struct heap_cell));
	REQUIRE(tile_append(heap, made_granules, HEAP_FREE) == CELL_HEAD);
	for (uint32_t cell = 2; cell < made_granules; cell++)
		REQUIRE(new_cell(heap, cell - 1, 1) == cell);
	REQUIRE(new_cell(heap, made_granules - 1, 1) == 0);
	REQUIRE(all_ok(heap));
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	split_and_merge();
	dirt();
	page_b_full();
	by_chance();
	walker();
	records();
	return 0;
}
