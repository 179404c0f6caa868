/*
 * process - the heap of the process: built, grown, and held to the limit.
 *
 * Holds:  the window of Page A, and the table of its heap pages.
 * Always: the tables reach as far as Page A is tiled.
 * Locks:  heap->lock is held, but for boot; may then take PAGE_B.
 *
 *     | cells ... | free, just claimed | not claimed: addresses alone |
 *     | cells ... | HEAP_HOLE: somebody else's | free, just claimed   |
 */
#include "process.h"
#include "array.h"
#include "bins.h"
#include "clock.h"
#include "huge.h"
#include "page_b.h"
#include "pagemap.h"

/* Page A of the process: addresses, not memory. */
#define PROCESS_BYTES_MAX ((size_t)4 << 40)

/* It grows by an eighth, within these bounds: few system calls, and little for mlockall to touch. */
#define GROWTH_BYTES_MIN ((size_t)1 << 20)
#define GROWTH_BYTES_MAX ((size_t)64 << 20)

/* From this step on, its tables are large. */
#define GROWTH_BYTES_SURE ((size_t)1 << 30)

/* How far to step over what somebody else has mapped in our window. */
#define HOLE_BYTES ((size_t)1 << 30)

struct heap *heap_process;
size_t process_closed_bytes;

static struct {
	struct os_window page_a;
	struct array pages;
} process;

/* --- What is committed -------------------------------------------------------------------------- */

static size_t page_b_bytes(void)
{
	return __atomic_load_n(&halloc_page_b.record_bytes_claimed, __ATOMIC_RELAXED) +
	       cells_records.window.claimed + process.pages.window.claimed +
	       (pagemap.bytes >> HEAP_PAGE_SHIFT) * sizeof(struct pagemap_entry);
}

static size_t committed_bytes(const struct heap *heap, size_t credit)
{
	return heap_bytes_of(heap, heap->granules_in_use) +
	       heap_bytes_of(heap, heap->granules_dirty) + page_b_bytes() - credit -
	       __atomic_load_n(&process_closed_bytes, __ATOMIC_RELAXED);
}

static bool limit_allows(const struct heap *heap, size_t more, size_t credit)
{
	if (more <= limit_bytes && committed_bytes(heap, credit) <= limit_bytes - more)
		return true;
	page_b_count(&halloc_page_b.limit_refusals, 1);
	return false;
}

bool process_limit_allows(const struct heap *heap, uint32_t granules, uint32_t dirty, size_t credit)
{
	size_t more = heap_bytes_of(heap, granules - (dirty < granules ? dirty : granules));

	if (!heap->grows)
		return true;
	return limit_allows(heap, more, credit);
}

uint32_t process_grew_ms;

void process_note_peak(const struct heap *heap, size_t credit)
{
	size_t bytes = heap_bytes_of(heap, heap->granules_in_use);

	if (!heap->grows)
		return;
	if (bytes > halloc_page_b.page_a_bytes_peak)
		halloc_page_b.page_a_bytes_peak = bytes;
	bytes = committed_bytes(heap, credit);
	if (bytes <= halloc_page_b.committed_bytes_peak)
		return;
	/* Which others read without the lock. */
	__atomic_store_n(&halloc_page_b.committed_bytes_peak, bytes, __ATOMIC_RELAXED);
	process_grew_ms = clock_ms();
}

runs_seldom size_t heap_committed_bytes(void)
{
	lock_acquire(&heap_process->lock);
	size_t bytes = committed_bytes(heap_process, 0);
	lock_release(&heap_process->lock);
	return bytes;
}

/* --- Growing ------------------------------------------------------------------------------------ */

/* Where the process is limited in what it may map, Page A must not take it all: what is freed there serves
 * any size again only with room for the records of its slabs, a fortieth of most, and for those of as many cells
 * as there may be. */
#define RECORDS_PART 24

static bool tables_extend(struct heap *heap, size_t bytes)
{
	size_t pages = bytes >> HEAP_PAGE_SHIFT;
	size_t cells = heap->records;

	if (os_memory_is_limited) {
		page_b_reserve(bytes / RECORDS_PART);
		cells = pages > cells ? pages : cells;
	}
	return array_extend(&process.pages, pages) && cells_extend(cells + 4) &&
	       pagemap_extend(bytes);
}

/* The tables stay extended, even where Page A then cannot be: of a large step, the limit is asked first, and where memory
 * is limited, the system. */
static bool step_is_allowed(const struct heap *heap, size_t bytes)
{
	size_t tables = (bytes >> HEAP_PAGE_SHIFT) *
	                (sizeof(struct heap_page) + sizeof(struct pagemap_entry));

	if (bytes <= GROWTH_BYTES_MAX)
		return true;
	if (limit_bytes != SIZE_MAX && !limit_allows(heap, tables, 0))
		return false;
	return !os_memory_is_limited || os_window_allows(&process.page_a, bytes);
}

/* Claims the next bytes of Page A, and extends the tables for them: before, as these must not find all memory taken. But
 * of a large step last, where there is enough. */
static enum os_claim claim(struct heap *heap, size_t bytes)
{
	size_t end = process.page_a.claimed + bytes;
	bool last = bytes >= GROWTH_BYTES_SURE && !os_memory_is_limited;

	if (!last && !tables_extend(heap, end))
		return OS_CLAIM_REFUSED;
	enum os_claim answer = os_window_claim(&process.page_a, bytes);
	if (answer == OS_CLAIMED && last && !tables_extend(heap, end)) {
		os_window_unclaim(&process.page_a, bytes);
		return OS_CLAIM_REFUSED;
	}
	return answer;
}

/* Appends bytes, stepping over what others have mapped in the window. */
static bool window_extend(struct heap *heap, size_t bytes)
{
	if (!step_is_allowed(heap, bytes))
		return false;
	for (;;) {
		size_t claimed = process.page_a.claimed;
		if (bytes > process.page_a.size - claimed)
			return false;
		enum os_claim answer = claim(heap, bytes);
		if (answer == OS_CLAIMED)
			return free_append(heap, (uint32_t)(bytes >> heap->granule_shift));
		if (answer == OS_CLAIM_REFUSED)
			return false;
		if (!tables_extend(heap, claimed + HOLE_BYTES) ||
		    !os_window_skip(&process.page_a, HOLE_BYTES))
			return false;
		if (!tile_append(heap, (uint32_t)(HOLE_BYTES >> heap->granule_shift), HEAP_HOLE))
			return false;
	}
}

/* How much to claim when need bytes are missing: an eighth of what there is, within bounds, where that is enough; to
 * where a huge page ends, where some are near: in a smaller heap, more free memory at the end has more of it touched. */
static size_t growth_bytes(size_t need)
{
	size_t step = process.page_a.claimed / 8;

	if (step < GROWTH_BYTES_MIN)
		step = GROWTH_BYTES_MIN;
	if (step > GROWTH_BYTES_MAX)
		step = GROWTH_BYTES_MAX;
	step = step >> HEAP_PAGE_SHIFT << HEAP_PAGE_SHIFT;
	if (step < need)
		step = need;
	size_t claimed = process.page_a.claimed + step;
	if (huge_are_near(claimed))
		step += -(process.page_a.base + claimed) & (HUGE_BYTES - 1);
	return step;
}

/* Again, when a hole came in between. */
bool process_grow(struct heap *heap, uint32_t granules)
{
	uint32_t at_end = cell_is_free(heap, heap->last) ? cell_at(heap, heap->last)->size : 0;

	if (!heap->grows)
		return false;
	do {
		size_t need = heap_bytes_of(heap, at_end < granules ? granules - at_end : granules);
		size_t step = growth_bytes(need);
		if (!window_extend(heap, step) && (step == need || !window_extend(heap, need)))
			return false;
		at_end = cell_at(heap, heap->last)->size;
	} while (at_end < granules);
	return true;
}

/* --- Building ----------------------------------------------------------------------------------- */

bool heap_boot(void)
{
	size_t header = sizeof(struct heap) + BINS_MAX * sizeof(uint32_t);
	struct heap *heap = page_b_record_new(header);

	if (heap == NULL || !os_window_open(&process.page_a, PROCESS_BYTES_MAX, GROWTH_BYTES_MIN))
		return false;
	size_t granules_max = process.page_a.size >> HEAP_PAGE_SHIFT;
	if (!cells_open(heap, granules_max) ||
	    !array_open(&process.pages, sizeof(struct heap_page), granules_max) ||
	    !pagemap_boot(process.page_a.base, process.page_a.size))
		return false;
	cells_init(heap, granules_max, LOCK_RANK_HEAP);
	heap->base = process.page_a.base;
	heap->granule_shift = HEAP_PAGE_SHIFT;
	heap->page_shift = HEAP_PAGE_SHIFT;
	heap->grows = true;
	heap->bins = (uint32_t *)(heap + 1);
	heap->pages = (struct heap_page *)process.pages.window.base;
	if (!tables_extend(heap, GROWTH_BYTES_MIN) ||
	    !free_append(heap, (uint32_t)(GROWTH_BYTES_MIN >> HEAP_PAGE_SHIFT)))
		return false;
	heap_process = heap;
	halloc_page_b.heap = heap;
	halloc_page_b.heap_bytes = sizeof *heap;
	halloc_page_b.cell_bytes = sizeof(struct heap_cell);
	halloc_page_b.page_bytes = sizeof(struct heap_page);
	return true;
}
