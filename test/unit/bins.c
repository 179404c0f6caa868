/* Free cells alone: merged at once, found by size, the lowest first; with the walkers after every operation.
 * links: bins cells page_b pool array lock os machine clock report */
#include "bins.h"
#include "child.h"
#include "made.h"

static bool all_ok(const struct heap *heap)
{
	uint32_t free_cells = 0;
	uint32_t stepped = 0;

	for (uint32_t cell = CELL_HEAD; cell != 0; cell = cell_at(heap, cell)->next) {
		if (!cell_ok(heap, cell))
			return false;
		free_cells += cell_at(heap, cell)->kind == HEAP_FREE;
	}
	for (uint32_t cell = bins_first(heap); cell != 0; cell = bins_next(heap, cell))
		stepped += cell_at(heap, cell)->kind == HEAP_FREE;
	return stepped == free_cells && bins_ok(heap, free_cells);
}

static uint32_t take(struct heap *heap, uint32_t granules, size_t alignment)
{
	uint32_t cell = bins_find(heap, granules, alignment);

	if (cell == 0)
		cell = bins_find_anywhere(heap, granules, alignment);
	if (cell != 0)
		cell = cell_cut(heap, cell, granules, alignment, HEAP_BLOCK);
	REQUIRE(all_ok(heap));
	return cell;
}

static void give(struct heap *heap, uint32_t cell)
{
	cell_free(heap, cell, HEAP_DIRTY);
	REQUIRE(all_ok(heap));
}

static void merged(void)
{
	struct heap *heap = make_heap();

	REQUIRE(bins_first(heap) == 0);
	REQUIRE(free_append(heap, 500));
	REQUIRE(free_append(heap, 500));
	REQUIRE(looks(heap, "0+1000F"));
	uint32_t ten = take(heap, 10, 1), eight = take(heap, 8, 1), two = take(heap, 2, 1);
	REQUIRE(looks(heap, "0+10U 10+8U 18+2U 20+980F"));
	REQUIRE(heap->cells_in_use == 3 && heap->granules_in_use == 20);
	give(heap, ten);
	give(heap, eight);
	REQUIRE(looks(heap, "0+18F 18+2U 20+980F"));
	cell_free(heap, two, HEAP_LOST);
	REQUIRE(looks(heap, "0+18F 18+2H 20+980F"));
	REQUIRE(heap->cells_in_use == 0 && heap->granules_in_use == 0);
	REQUIRE(all_ok(heap));
}

static void aligned(void)
{
	struct heap *heap = make_heap();

	REQUIRE(free_append(heap, 1000));
	uint32_t first = take(heap, 3, 1), cell = take(heap, 5, 64);
	REQUIRE(looks(heap, "0+3U 3+61F 64+5U 69+931F"));
	REQUIRE(cell_skip(heap, first, 64) == 0);
	give(heap, cell);
	REQUIRE(looks(heap, "0+3U 3+997F"));
	REQUIRE(take(heap, 5, 1024) == 0);
	REQUIRE(cell_skip(heap, cell_at(heap, first)->next, 1024) == 1021);
}

static void widened(void)
{
	struct heap *heap = make_heap();

	REQUIRE(free_append(heap, 100));
	uint32_t cell = take(heap, 10, 1);
	cell_widen(heap, cell, 20);
	REQUIRE(looks(heap, "0+30U 30+70F"));
	cell_widen(heap, cell, 70);
	REQUIRE(looks(heap, "0+100U"));
	REQUIRE(heap->granules_in_use == 100 && heap->cells_in_use == 1);
	REQUIRE(all_ok(heap));
}

/* A cut for which there are too few records changes nothing. */
static void cut_refused(struct heap *heap)
{
	uint32_t rest = bins_first(heap);
	size_t start = cell_at(heap, rest)->offset, size = cell_at(heap, rest)->size;

	REQUIRE(cell_skip(heap, rest, 512) != 0);
	REQUIRE(cell_cut(heap, rest, 1, 512, HEAP_BLOCK) == 0);
	REQUIRE(bins_first(heap) == rest && cell_at(heap, rest)->offset == start);
	REQUIRE(cell_at(heap, rest)->size == size);
	REQUIRE(all_ok(heap));
}

/* Page B full in the middle of a cut, before its first record, and before its second. */
static void refused(void)
{
	struct heap *heap = make_heap();

	REQUIRE(free_append(heap, made_granules));
	while (heap->records + 1 < made_records)
		REQUIRE(take(heap, 1, 1) != 0);
	cut_refused(heap);
	REQUIRE(take(heap, 1, 1) != 0);
	REQUIRE(take(heap, 1, 1) == 0);
	cut_refused(heap);
	uint32_t rest = bins_first(heap), size = cell_at(heap, rest)->size;
	/* All of it needs no record. */
	REQUIRE(take(heap, size, 1) == rest);
}

/* Of many cells of a size, freed in any order, each take gets the lowest; of sizes, the smallest that fits. */
static void lowest_first(void)
{
	struct heap *heap = make_heap();
	uint32_t cells[40];

	REQUIRE(free_append(heap, 1000));
	for (int i = 0; i < 40; i++)
		cells[i] = take(heap, 5 + i % 2 * 15, 1);
	for (int i = 0; i < 20; i++)
		give(heap, cells[i * 7 % 20 * 2]); /* those of 5 */
	for (int i = 0; i < 20; i++)
		REQUIRE(cell_at(heap, take(heap, 4, 1))->offset == (uint32_t)i * 25);
	give(heap, cells[1]);
	REQUIRE(cell_at(heap, take(heap, 20, 1))->offset == 4);
}

/* Sizes 20 to 23 share a bin: each take gets the cell of its size, wherever that is, and the lowest of two. */
static void best_fit(void)
{
	static const uint32_t sizes[8] = {23, 20, 22, 21, 20, 23, 21, 22};
	struct heap *heap = make_heap();
	uint32_t cells[8];

	REQUIRE(free_append(heap, 1000));
	for (int i = 0; i < 8; i++) {
		cells[i] = take(heap, sizes[i], 1);
		take(heap, 1, 1);
	}
	for (int i = 0; i < 8; i++)
		give(heap, cells[i * 3 % 8]);
	REQUIRE(take(heap, 22, 1) == cells[2]);
	REQUIRE(take(heap, 20, 1) == cells[1]);
	REQUIRE(take(heap, 21, 1) == cells[3]);
	REQUIRE(take(heap, 20, 1) == cells[4]);
	REQUIRE(take(heap, 20, 1) == cells[6]);
	REQUIRE(take(heap, 23, 1) == cells[0]);
	REQUIRE(take(heap, 22, 1) == cells[7]);
	REQUIRE(take(heap, 22, 1) == cells[5]);
}

/* By chance, against an owner for each granule. */
static void by_chance(void)
{
	static uint32_t owner[made_granules];
	struct heap *heap = make_heap();
	uint32_t chance = 7;

	REQUIRE(free_append(heap, made_granules));
	for (int step = 0; step < 5000; step++) {
		uint32_t at = next_random(&chance) % made_granules;
		uint32_t cell = owner[at];
		uint32_t size = 1 + next_random(&chance) % 40;
		if (cell != 0) {
			for (uint32_t i = cell_at(heap, cell)->offset; owner[i] == cell; i++)
				owner[i] = 0;
			give(heap, cell);
		}
		cell = take(heap, size, (size_t)1 << next_random(&chance) % 5);
		for (uint32_t i = 0; cell != 0 && i < size; i++) {
			REQUIRE(owner[cell_at(heap, cell)->offset + i] == 0);
			owner[cell_at(heap, cell)->offset + i] = cell;
		}
	}
}

static void damage(void *arg)
{
	struct heap *heap = &made.heap;

	switch (*(int *)arg) {
	case 0:
		heap->bins_used[0] ^= 2;
		break;
	case 1:
		made.cells[2].kind = HEAP_FREE; /* free, and in no bin */
		break;
	case 2:
		made.cells[1].kind = HEAP_BLOCK; /* in a bin, and not free */
		break;
	case 3:
		heap->bins[4] = heap->bins[5]; /* of another size */
		heap->bins_used[0] |= 16;
		break;
	default:
		break;
	}
	_exit(all_ok(heap) ? 5 : 6);
}

static void walker(void)
{
	struct heap *heap = make_heap();

	REQUIRE(free_append(heap, 1000));
	uint32_t first = take(heap, 5, 1);
	REQUIRE(take(heap, 5, 1) == 2);
	give(heap, first);
	REQUIRE(child_damages_seen(damage, 4));
}

int main(void)
{
	os_boot();
	merged();
	aligned();
	widened();
	refused();
	lowest_first();
	best_fit();
	by_chance();
	walker();
	return 0;
}
