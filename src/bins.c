/*
 * bins - the free cells of a heap, in bins by size.
 *
 * Holds:  for each bin, its cells as a pairing heap in the order of addresses.
 * Always: no two neighbouring cells are both free; every free cell is in the bin of its size.
 * Locks:  none; heap->lock is held.
 *
 *     before  | 1: free | 3: just freed | 2: free |               hdefrag(3)
 *     after   | 1: free                           |               records 3 and 2 are given back
 */
#include "bins.h"
#include "clock.h"

/* Bins: one for each size below 16 granules, then four for each doubling. */
#define BINS_EXACT      16u
#define BINS_A_DOUBLING 4u

/* The cells of the larger bins differ by up to a quarter: so many are looked at for the one that fits best. */
#define BIN_LOOKS 16u

static uint32_t bin_of(uint32_t granules)
{
	if (granules < BINS_EXACT)
		return granules;
	uint32_t log = 31u - (uint32_t)__builtin_clz(granules);
	return BINS_EXACT + (log - 4) * BINS_A_DOUBLING + ((granules >> (log - 2)) & 3);
}

uint32_t bins_for(uint32_t granules)
{
	return bin_of(granules) + 1;
}

/* --- Pairing heaps in address order (Fredman, Sedgewick, Sleator, Tarjan 1986) -------------- */

static uint32_t pairing_meld(struct heap *heap, uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	if (cell_at(heap, b)->offset < cell_at(heap, a)->offset) {
		uint32_t swap = a;
		a = b;
		b = swap;
	}
	struct heap_cell *top = cell_at(heap, a);
	struct heap_cell *below = cell_at(heap, b);
	below->sibling = top->child;
	below->up = a;
	if (top->child != 0)
		cell_at(heap, top->child)->up = b;
	top->child = b;
	return a;
}

/* Makes one heap of a list of siblings: melds them in pairs, then the pairs from the last. */
static uint32_t pairing_combine(struct heap *heap, uint32_t list)
{
	uint32_t pairs = 0;
	uint32_t root = 0;

	while (list != 0) {
		uint32_t a = list;
		uint32_t b = cell_at(heap, a)->sibling;
		list = b == 0 ? 0 : cell_at(heap, b)->sibling;
		cell_at(heap, a)->sibling = 0;
		if (b != 0)
			cell_at(heap, b)->sibling = 0;
		uint32_t pair = pairing_meld(heap, a, b);
		cell_at(heap, pair)->sibling = pairs;
		pairs = pair;
	}
	while (pairs != 0) {
		uint32_t next = cell_at(heap, pairs)->sibling;
		cell_at(heap, pairs)->sibling = 0;
		root = pairing_meld(heap, root, pairs);
		pairs = next;
	}
	if (root != 0)
		cell_at(heap, root)->up = 0;
	return root;
}

/* The cell after this one, going through a pairing heap from top to bottom; 0 at its end. */
static uint32_t bin_step(const struct heap *heap, uint32_t cell)
{
	if (cell_at(heap, cell)->child != 0)
		return cell_at(heap, cell)->child;
	while (cell != 0 && cell_at(heap, cell)->sibling == 0) {
		/* Up over the siblings to the left, then to their parent. */
		uint32_t up = cell_at(heap, cell)->up;
		while (up != 0 && cell_at(heap, up)->child != cell) {
			cell = up;
			up = cell_at(heap, cell)->up;
		}
		cell = up;
	}
	return cell == 0 ? 0 : cell_at(heap, cell)->sibling;
}

static void bin_insert(struct heap *heap, uint32_t cell)
{
	struct heap_cell *free_cell = cell_at(heap, cell);
	uint32_t bin = bin_of(free_cell->size);

	expect(free_cell->kind == HEAP_FREE);
	free_cell->child = free_cell->sibling = free_cell->up = 0;
	heap->bins[bin] = pairing_meld(heap, heap->bins[bin], cell);
	heap->bins_used[bin / 64] |= (uint64_t)1 << bin % 64;
}

static void bin_remove(struct heap *heap, uint32_t cell)
{
	struct heap_cell *taken = cell_at(heap, cell);
	uint32_t bin = bin_of(taken->size);
	uint32_t rest = pairing_combine(heap, taken->child);

	if (heap->bins[bin] == cell) {
		heap->bins[bin] = rest;
	} else {
		struct heap_cell *up = cell_at(heap, taken->up);
		if (up->child == cell)
			up->child = taken->sibling;
		else
			up->sibling = taken->sibling;
		if (taken->sibling != 0)
			cell_at(heap, taken->sibling)->up = taken->up;
		heap->bins[bin] = pairing_meld(heap, heap->bins[bin], rest);
	}
	if (heap->bins[bin] == 0)
		heap->bins_used[bin / 64] &= ~((uint64_t)1 << bin % 64);
	taken->child = taken->sibling = taken->up = 0;
}

/* The first bin from bin on that holds a cell, or BINS_MAX. */
static uint32_t bin_next_used(const struct heap *heap, uint32_t bin)
{
	for (; bin < BINS_MAX; bin = (bin / 64 + 1) * 64) {
		uint64_t used = heap->bins_used[bin / 64] >> bin % 64;
		if (used != 0)
			return bin + (uint32_t)__builtin_ctzll(used);
	}
	return BINS_MAX;
}

/* --- Freed, and merged -------------------------------------------------------------------------- */

/* Merges a free cell, in no bin, with its free neighbours, into the lowest; and bins the result. */
static void hdefrag(struct heap *heap, uint32_t cell)
{
	uint32_t next = cell_at(heap, cell)->next;
	uint32_t previous = cell_at(heap, cell)->previous;

	if (cell_is_free(heap, next)) {
		bin_remove(heap, next);
		cell_absorb_next(heap, cell);
	}
	if (cell_is_free(heap, previous)) {
		bin_remove(heap, previous);
		cell_absorb_next(heap, previous);
		cell = previous;
	}
	bin_insert(heap, cell);
}

bool free_append(struct heap *heap, uint32_t granules)
{
	uint32_t cell = tile_append(heap, granules, HEAP_FREE);

	if (cell != 0)
		hdefrag(heap, cell);
	return cell != 0;
}

static void pages_set_dirty(struct heap *heap, const struct heap_cell *cell, uint32_t since)
{
	struct heap_page *page = &heap->pages[cell->offset];
	const struct heap_page *end = page + cell->size;

	for (; page < end; page++)
		page->dirty_since = since;
}

void cell_free(struct heap *heap, uint32_t cell, enum heap_contents contents)
{
	struct heap_cell *freed = cell_at(heap, cell);

	heap->granules_in_use -= freed->size;
	heap->cells_in_use--;
	if (contents == HEAP_LOST) {
		freed->kind = HEAP_HOLE;
		return;
	}
	freed->kind = HEAP_FREE;
	if (heap->grows) {
		pages_set_dirty(heap, freed, contents == HEAP_ZERO ? 0 : clock_ms());
		heap->granules_dirty += contents == HEAP_DIRTY ? freed->size : 0;
		freed->dirty = contents == HEAP_DIRTY;
	}
	hdefrag(heap, cell);
}

/* --- Found, and cut ----------------------------------------------------------------------------- */

uint32_t cell_skip(const struct heap *heap, uint32_t cell, size_t alignment)
{
	uintptr_t start = heap_address_of(heap, cell_at(heap, cell)->offset);
	uintptr_t aligned = (start + alignment - 1) & -alignment;

	return (uint32_t)((aligned - start) >> heap->granule_shift);
}

static bool cell_fits(const struct heap *heap, uint32_t cell, uint32_t granules, size_t alignment)
{
	size_t skip = cell_skip(heap, cell, alignment);

	return cell_at(heap, cell)->size >= skip + granules;
}

static bool cell_is_better(const struct heap *heap, uint32_t cell, uint32_t best)
{
	const struct heap_cell *one = cell_at(heap, cell);
	const struct heap_cell *other = cell_at(heap, best);

	return best == 0 || one->size < other->size ||
	       (one->size == other->size && one->offset < other->offset);
}

/* The best fit of a bin: the lowest of its smallest cells that fit; or 0. */
static uint32_t bin_find(const struct heap *heap, uint32_t bin, uint32_t granules, size_t alignment)
{
	uint32_t cell = heap->bins[bin];
	uint32_t best = 0;

	if (bin < BINS_EXACT && cell_fits(heap, cell, granules, alignment))
		return cell;
	for (unsigned looks = 0; cell != 0 && looks < BIN_LOOKS; looks++) {
		if (cell_fits(heap, cell, granules, alignment) && cell_is_better(heap, cell, best))
			best = cell;
		cell = bin_step(heap, cell);
	}
	return best;
}

uint32_t bins_find(const struct heap *heap, uint32_t granules, size_t alignment)
{
	uint32_t bin = bin_next_used(heap, bin_of(granules));
	uint32_t cell = 0;

	while (bin < BINS_MAX && cell == 0) {
		cell = bin_find(heap, bin, granules, alignment);
		bin = bin_next_used(heap, bin + 1);
	}
	return cell;
}

runs_seldom uint32_t bins_find_anywhere(const struct heap *heap, uint32_t granules,
                                        size_t alignment)
{
	for (uint32_t cell = CELL_HEAD; cell != 0; cell = cell_at(heap, cell)->next)
		if (cell_is_free(heap, cell) && cell_fits(heap, cell, granules, alignment))
			return cell;
	return 0;
}

/* Cuts granules, skip granules behind its start, out of a free cell that is in no bin. Page B is
 * asked for both records before anything changes. */
static uint32_t cell_split(struct heap *heap, uint32_t cell, uint32_t skip, uint32_t granules)
{
	uint32_t whole = cell_at(heap, cell)->size;
	uint32_t taken = cell;

	if (skip != 0) {
		taken = new_cell(heap, cell, skip);
		if (taken == 0)
			return 0;
	}
	if (skip + granules < whole) {
		uint32_t rest = new_cell(heap, taken, granules);
		if (rest == 0) {
			if (taken != cell)
				cell_absorb_next(heap, cell);
			return 0;
		}
		bin_insert(heap, rest);
	}
	if (taken != cell)
		bin_insert(heap, cell);
	return taken;
}

static void cell_mark_used(struct heap *heap, uint32_t cell, enum heap_kind kind)
{
	struct heap_cell *taken = cell_at(heap, cell);

	if (taken->dirty)
		heap->granules_dirty -= heap_dirty_in(heap, taken->offset, taken->size);
	taken->kind = (uint8_t)kind;
	heap_page_of(heap, taken->offset)->first &= ~HEAP_PAGE_FREED;
	heap->granules_in_use += taken->size;
	heap->cells_in_use++;
}

uint32_t cell_cut(struct heap *heap, uint32_t cell, uint32_t granules, size_t alignment,
                  enum heap_kind kind)
{
	bin_remove(heap, cell);
	uint32_t taken = cell_split(heap, cell, cell_skip(heap, cell, alignment), granules);
	if (taken == 0)
		bin_insert(heap, cell);
	else
		cell_mark_used(heap, taken, kind);
	return taken;
}

void cell_widen(struct heap *heap, uint32_t cell, uint32_t more)
{
	uint32_t next = cell_at(heap, cell)->next;
	uint32_t granules = cell_at(heap, cell)->size + more;
	bool more_dirty = cell_at(heap, next)->dirty;

	if (more_dirty)
		heap->granules_dirty -= heap_dirty_in(heap, cell_at(heap, next)->offset, more);
	bin_remove(heap, next);
	cell_absorb_next(heap, cell);
	if (cell_at(heap, cell)->size > granules) {
		/* The record that was just given back is there to be taken. */
		uint32_t rest = new_cell(heap, cell, granules);
		cell_at(heap, rest)->dirty = more_dirty;
		bin_insert(heap, rest);
	}
	heap->granules_in_use += more;
}

/* --- One after the other ------------------------------------------------------------------------ */

runs_later uint32_t bins_first(const struct heap *heap)
{
	uint32_t bin = bin_next_used(heap, 0);

	return bin < BINS_MAX ? heap->bins[bin] : 0;
}

runs_later uint32_t bins_next(const struct heap *heap, uint32_t cell)
{
	uint32_t next = bin_step(heap, cell);
	uint32_t bin = bin_of(cell_at(heap, cell)->size);

	if (next != 0)
		return next;
	bin = bin_next_used(heap, bin + 1);
	return bin < BINS_MAX ? heap->bins[bin] : 0;
}

runs_seldom bool bins_ok(const struct heap *heap, uint32_t free_cells)
{
	for (uint32_t bin = 0; bin < bins_for(heap->granules_max); bin++) {
		bool used = (heap->bins_used[bin / 64] >> bin % 64 & 1) != 0;
		if (used != (heap->bins[bin] != 0))
			return false;
		uint32_t cell = heap->bins[bin];
		for (; cell != 0; cell = bin_step(heap, cell), free_cells--) {
			uint32_t child = cell_at(heap, cell)->child;
			if (!cell_is_free(heap, cell) || bin_of(cell_at(heap, cell)->size) != bin)
				return false;
			if (child != 0 &&
			    cell_at(heap, child)->offset < cell_at(heap, cell)->offset)
				return false;
			if (free_cells == 0 || cell_is_free(heap, cell_at(heap, cell)->next))
				return false;
		}
	}
	return free_cells == 0;
}
