/*
 * heap - hands out cells of Page A, and takes them back; makes the heaps of users.
 *
 * Holds:  nothing: what is known of a heap lies in its Page B.
 * Always: a call that fails has changed nothing but that Page A may have grown.
 * Locks:  heap->lock (rank HEAP, or USER_HEAP); may then take PAGE_B.
 */
#include "heap.h"
#include "clock.h"
#include "huge.h"

#include <errno.h>

/* A user heap's heap_page covers so many granules, so a search by pointer takes at most as many steps. */
#define GRANULES_A_PAGE_SHIFT 6

/* The number of granules that hold bytes; more than any heap has, when there are too many. */
static uint32_t granules_for(const struct heap *heap, size_t bytes)
{
	size_t granules = bytes >> heap->granule_shift;

	if ((granules << heap->granule_shift) != bytes || granules == 0)
		granules++;
	return granules > heap->granules_max ? UINT32_MAX : (uint32_t)granules;
}

/* --- Handing out -------------------------------------------------------------------------------- */

static uint32_t find_cell(struct heap *heap, uint32_t granules, size_t alignment)
{
	uint32_t cell = bins_find(heap, granules, alignment);
	size_t slack = alignment >> heap->granule_shift;

	if (cell == 0 && slack + granules < heap->granules_max &&
	    process_grow(heap, granules + (uint32_t)slack))
		cell = bins_find(heap, granules, alignment);
	return cell != 0 ? cell : bins_find_anywhere(heap, granules, alignment);
}

/* Whether the limit lets us cut granules out of this free cell. */
static bool take_allowed(struct heap *heap, uint32_t cell, uint32_t skip, uint32_t granules,
                         size_t credit)
{
	const struct heap_cell *found = cell_at(heap, cell);

	if (!heap->grows)
		return true;
	return process_allows(
	        heap, granules,
	        found->dirty ? heap_dirty_in(heap, found->offset + skip, granules) : 0, credit);
}

/* As heap_take, with so many of the bytes that are committed not counted. */
static uint32_t cell_take(struct heap *heap, uint32_t granules, size_t alignment,
                          enum heap_kind kind, size_t credit)
{
	/* First as if every dirty page could be used, lest Page A grow for nothing. */
	if (!process_allows(heap, granules, heap->granules_dirty, credit))
		return 0;
	uint32_t cell = find_cell(heap, granules, alignment);
	if (cell == 0)
		return 0;
	if (limit_bytes != SIZE_MAX &&
	    !take_allowed(heap, cell, cell_skip(heap, cell, alignment), granules, credit))
		return 0;
	uint32_t taken = cell_cut(heap, cell, granules, alignment, kind);
	if (taken != 0)
		process_note_peak(heap, credit);
	return taken;
}

/* After a cell was taken for so many bytes. Returns: those at its end that go back to the system. */
static size_t cell_prepare(struct heap *heap, uint32_t cell, size_t bytes)
{
	const struct heap_cell *taken = cell_at(heap, cell);

	huge_ask(heap, cell, taken->offset);
	return taken->kind == HEAP_BLOCK ? heap_idle_tail(heap, cell, bytes, process_grew_ms) : 0;
}

static void *take(struct heap *heap, size_t bytes, size_t alignment, enum heap_kind kind,
                  size_t credit)
{
	uint32_t granules = granules_for(heap, bytes);
	size_t granule = heap_bytes_of(heap, 1);
	uint64_t clock = clock_stopwatch();
	char *start = NULL;
	size_t tail = 0;

	if (granules != UINT32_MAX) {
		lock_acquire(&heap->lock);
		uint32_t cell = cell_take(heap, granules, alignment < granule ? granule : alignment,
		                          kind, credit);
		if (cell != 0) {
			start = (char *)heap_address_of(heap, cell_at(heap, cell)->offset);
			tail = cell_prepare(heap, cell, bytes);
		}
		if (kind == HEAP_BLOCK) {
			heap->blocks_taken += cell != 0;
			heap->block_ns += clock_stopwatch_since(clock);
		}
		lock_release(&heap->lock);
	}
	if (tail != 0)
		os_purge(start + heap_bytes_of(heap, granules) - tail, tail);
	if (start == NULL)
		errno = ENOMEM;
	return start;
}

void *heap_take(struct heap *heap, size_t bytes, size_t alignment, enum heap_kind kind)
{
	return take(heap, bytes, alignment, kind, 0);
}

void *heap_take_in_exchange(struct heap *heap, size_t bytes, size_t credit)
{
	return take(heap, bytes, 1, HEAP_BLOCK, credit);
}

runs_later bool heap_fill(struct heap *heap, void *ptr, size_t from)
{
	lock_acquire(&heap->lock);
	uint32_t cell = cell_starting(heap, ptr);
	expect(cell != 0);
	uint32_t granule = cell_at(heap, cell)->offset + (uint32_t)(from >> HEAP_PAGE_SHIFT);
	bool prepared = huge_fill(heap, cell, granule);
	lock_release(&heap->lock);
	return prepared;
}

/* --- Parts that are closed ---------------------------------------------------------------------- */

runs_seldom bool heap_close_part(void *start, size_t bytes)
{
	/* It may be resident from an earlier use. */
	if (!heap_is_zero(heap_process, start, bytes))
		heap_purge_range(heap_process, (uintptr_t)start, bytes);
	if (!os_guard(start, bytes))
		return false;
	__atomic_fetch_add(&process_closed_bytes, bytes, __ATOMIC_RELAXED);
	return true;
}

runs_seldom bool heap_open_part(void *start, size_t bytes)
{
	if (!os_unguard(start, bytes))
		return false;
	__atomic_fetch_sub(&process_closed_bytes, bytes, __ATOMIC_RELAXED);
	return true;
}

/* --- Taking back -------------------------------------------------------------------------------- */

size_t heap_give(struct heap *heap, void *ptr, enum heap_kind kind, enum heap_contents contents)
{
	size_t bytes = 0;
	uint64_t clock = clock_stopwatch();

	lock_acquire(&heap->lock);
	uint32_t cell = cell_starting(heap, ptr);
	if (cell != 0 && cell_at(heap, cell)->kind == kind) {
		bytes = heap_bytes_of(heap, cell_at(heap, cell)->size);
		if (heap->grows && kind == HEAP_BLOCK)
			heap_page_of(heap, cell_at(heap, cell)->offset)->first |= HEAP_PAGE_FREED;
		cell_free(heap, cell, contents);
		if (kind == HEAP_BLOCK) {
			heap->blocks_given++;
			heap->block_ns += clock_stopwatch_since(clock);
		}
	}
	lock_release(&heap->lock);
	return bytes;
}

/* Gives the end of a cell back. */
static bool cell_shrink(struct heap *heap, uint32_t cell, uint32_t granules)
{
	uint32_t rest = new_cell(heap, cell, granules);

	if (rest == 0)
		return false;
	/* It becomes a cell in use for a moment, so that freeing it counts right. */
	heap->cells_in_use++;
	cell_free(heap, rest, HEAP_DIRTY);
	return true;
}

static bool cell_extend(struct heap *heap, uint32_t cell, uint32_t granules)
{
	uint32_t more = granules - cell_at(heap, cell)->size;
	uint32_t next = cell_at(heap, cell)->next;

	if (!process_allows(heap, more, heap->granules_dirty, 0))
		return false;
	if (next == 0 ||
	    (next == heap->last && cell_is_free(heap, next) && cell_at(heap, next)->size < more)) {
		if (!process_grow(heap, more))
			return false;
		next = cell_at(heap, cell)->next;
	}
	if (!cell_is_free(heap, next) || cell_at(heap, next)->size < more)
		return false;
	if (limit_bytes != SIZE_MAX && !take_allowed(heap, next, 0, more, 0))
		return false;
	cell_widen(heap, cell, more);
	process_note_peak(heap, 0);
	huge_ask(heap, cell, cell_end(cell_at(heap, cell)) - more);
	return true;
}

runs_later void heap_keep_room(struct heap *heap, void *ptr, size_t bytes)
{
	lock_acquire(&heap->lock);
	uint32_t cell = cell_starting(heap, ptr);
	expect(cell != 0);
	cell_at(heap, cell)->asked = granules_for(heap, bytes);
	lock_release(&heap->lock);
}

/* Whether a block grows into its room; it has none from then on if it does not. */
static bool grows_into_room(struct heap_cell *cell, uint32_t granules)
{
	bool grows = cell->asked != 0 && granules >= cell->asked && granules <= cell->size;

	cell->asked = grows ? granules : 0;
	return grows;
}

bool heap_resize(struct heap *heap, void *ptr, size_t bytes)
{
	uint32_t granules = granules_for(heap, bytes);
	bool done = false;

	if (granules == UINT32_MAX)
		return false;
	uint64_t clock = clock_stopwatch();
	lock_acquire(&heap->lock);
	uint32_t cell = cell_starting(heap, ptr);
	expect(cell != 0);
	uint32_t size = cell_at(heap, cell)->size;
	if (grows_into_room(cell_at(heap, cell), granules) || granules == size)
		done = true;
	else if (granules < size)
		done = cell_shrink(heap, cell, granules);
	else
		done = cell_extend(heap, cell, granules);
	heap->blocks_resized += done && granules != size;
	heap->block_ns += clock_stopwatch_since(clock);
	lock_release(&heap->lock);
	return done;
}

/* --- Making heaps ------------------------------------------------------------------------------- */

/*
 * A user's heap, of n bytes rounded up to OS pages:
 *
 *     | guard | Page B: n bytes | guard | Page A: n bytes | guard |
 */
static char *pages_map(size_t bytes)
{
	size_t guard = os_page_bytes;
	char *start = os_map(2 * bytes + 3 * guard);

	if (start == NULL)
		return NULL;
	if (!os_guard(start, guard) || !os_guard(start + guard + bytes, guard) ||
	    !os_guard(start + 2 * guard + 2 * bytes, guard)) {
		os_unmap(start, 2 * bytes + 3 * guard);
		errno = ENOMEM;
		return NULL;
	}
	return start + guard;
}

/* Finds the places in Page B: for the heap, its pages, its bins, and cell records in all the rest.
 * Returns: false when there is no room for two of these. */
static bool page_b_lay_out(struct heap *heap, size_t bytes)
{
	uintptr_t end = (uintptr_t)heap + bytes;

	heap->pages = (struct heap_page *)(heap + 1);
	heap->bins = (uint32_t *)(heap->pages + ((bytes - 1) >> heap->page_shift) + 1);
	uintptr_t cells = (uintptr_t)(heap->bins + bins_for(heap->granules_max));
	cells = (cells + sizeof(uint64_t) - 1) & -sizeof(uint64_t);
	if (cells + 2 * sizeof(struct heap_cell) > end)
		return false;
	size_t records = (end - cells) / sizeof(struct heap_cell);
	heap->cells = (struct heap_cell *)cells;
	heap->records_max = records < HEAP_PAGE_LEFT ? (uint32_t)records : HEAP_PAGE_LEFT - 1;
	return true;
}

runs_seldom struct heap *heap_open(size_t bytes, size_t granule)
{
	unsigned granule_shift = (unsigned)__builtin_ctzl(granule);

	if (bytes > SIZE_MAX / 4 || bytes >> granule_shift >= UINT32_MAX || granule > bytes) {
		errno = EINVAL;
		return NULL;
	}
	struct heap *heap = (struct heap *)pages_map(bytes);
	if (heap == NULL)
		return NULL;
	cells_init(heap, bytes >> granule_shift, LOCK_RANK_USER_HEAP);
	heap->base = (uintptr_t)heap + bytes + os_page_bytes;
	heap->granule_shift = (uint8_t)granule_shift;
	heap->page_shift = (uint8_t)(granule_shift + GRANULES_A_PAGE_SHIFT);
	if (!page_b_lay_out(heap, bytes)) {
		heap_close(heap);
		errno = EINVAL;
		return NULL;
	}
	free_append(heap, heap->granules_max);
	return heap;
}

runs_seldom bool heap_close(struct heap *heap)
{
	if (!lock_destroy(&heap->lock))
		return false;
	size_t bytes = heap_bytes_of(heap, heap->granules_max);
	os_unmap((char *)heap - os_page_bytes, 2 * bytes + 3 * os_page_bytes);
	return true;
}

/* --- The walker --------------------------------------------------------------------------------- */

/* What the cells add up to. */
struct sums {
	uint32_t free_cells;
	uint32_t in_use;
	uint32_t granules; /* of those in use */
	uint32_t dirty;    /* granules of the free ones */
};

/* Returns: false when a free cell does not say that it is dirty. */
static bool cell_add(const struct heap *heap, const struct heap_cell *cell, struct sums *sums)
{
	if (cell->kind == HEAP_FREE) {
		uint32_t dirty = heap->grows ? heap_dirty_in(heap, cell->offset, cell->size) : 0;
		sums->free_cells++;
		sums->dirty += dirty;
		return dirty == 0 || cell->dirty;
	}
	if (cell->kind != HEAP_HOLE) {
		sums->in_use++;
		sums->granules += cell->size;
	}
	return true;
}

runs_seldom bool heap_ok(struct heap *heap)
{
	struct sums sums = {0};

	lock_acquire(&heap->lock);
	const struct heap_cell *head = cell_at(heap, CELL_HEAD);
	bool ok = head->offset == 0 && head->previous == 0;
	for (uint32_t cell = CELL_HEAD; cell != 0 && ok; cell = cell_at(heap, cell)->next)
		ok = cell_ok(heap, cell) && cell_add(heap, cell_at(heap, cell), &sums);
	ok = ok && sums.in_use == heap->cells_in_use && sums.granules == heap->granules_in_use;
	ok = ok && sums.dirty == heap->granules_dirty && bins_ok(heap, sums.free_cells);
	lock_release(&heap->lock);
	return ok;
}
