/* The heap of the process: grown at its end, behind what others have mapped, and counted against the limit.
 * links: process huge touch bins cells page_b pool array pagemap limit lock os machine clock options report */
#include "process.h"
#include "bins.h"
#include "made.h"
#include "page_b.h"
#include "pagemap.h"
#include <sys/mman.h>

static bool all_ok(const struct heap *heap)
{
	uint32_t free_cells = 0;

	for (uint32_t cell = CELL_HEAD; cell != 0; cell = cell_at(heap, cell)->next) {
		if (!cell_ok(heap, cell))
			return false;
		free_cells += cell_at(heap, cell)->kind == HEAP_FREE;
	}
	return bins_ok(heap, free_cells);
}

static void boots(void)
{
	REQUIRE(heap_process == NULL);
	REQUIRE(heap_boot());
	REQUIRE(halloc_page_b.heap == heap_process);
	REQUIRE(heap_process->grows);
	REQUIRE(heap_process->last == CELL_HEAD);
	REQUIRE(cell_is_free(heap_process, CELL_HEAD));
	REQUIRE(pagemap.bytes >= heap_bytes_of(heap_process, heap_process->granules));
	REQUIRE(all_ok(heap_process));
}

/* What is claimed is free, usable, and one cell with what was free at the end. */
static void grows(void)
{
	struct heap *heap = heap_process;

	for (uint32_t granules = 17; granules < 4000; granules *= 2) {
		REQUIRE(process_grow(heap, granules));
		REQUIRE(heap->last == CELL_HEAD);
		REQUIRE(cell_at(heap, CELL_HEAD)->size >= granules);
		REQUIRE(pagemap.bytes >= heap_bytes_of(heap, heap->granules));
		((char *)heap->base)[heap_bytes_of(heap, heap->granules) - 1] = 1;
		REQUIRE(all_ok(heap));
	}
	uint32_t before = heap->granules;
	REQUIRE(!process_grow(heap, heap->granules_max));
	REQUIRE(heap->granules == before);
	REQUIRE(!process_grow(make_heap(), 1)); /* one that is not the process's */
}

/* Somebody maps in the middle of the window: the heap goes on behind it. */
static void steps_over(void)
{
	struct heap *heap = heap_process;
	size_t bytes = heap_bytes_of(heap, heap->granules);
	char *there = (char *)heap->base + bytes + 10 * HEAP_PAGE_BYTES;
	uint32_t wanted = heap->granules + 20;

	if (mmap(there, os_page_bytes, PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != there)
		return; /* the window is reserved: nobody can */
	*there = 'x';
	REQUIRE(process_grow(heap, wanted));
	REQUIRE(cell_is_free(heap, heap->last));
	REQUIRE(cell_at(heap, heap->last)->size >= wanted);
	uint32_t hole = cell_containing(heap, (size_t)(there - (char *)heap->base));
	REQUIRE(cell_at(heap, hole)->kind == HEAP_HOLE);
	REQUIRE(all_ok(heap));
	REQUIRE(*there == 'x');
}

static void is_limited(void)
{
	struct heap *heap = heap_process;
	uint64_t refusals = halloc_page_b.limit_refusals;

	REQUIRE(process_allows(heap, 1u << 30, 0, 0)); /* no limit */
	limit_bytes = heap_committed_bytes() + 10 * HEAP_PAGE_BYTES;
	REQUIRE(process_allows(heap, 10, 0, 0));
	REQUIRE(halloc_page_b.limit_refusals == refusals);
	REQUIRE(!process_allows(heap, 11, 0, 0));
	REQUIRE(!process_allows(heap, UINT32_MAX, 0, 0));
	REQUIRE(halloc_page_b.limit_refusals == refusals + 2);
	REQUIRE(process_allows(heap, 13, 3, 0));
	REQUIRE(process_allows(heap, 13, 0, 3 * HEAP_PAGE_BYTES));
	process_closed_bytes = 3 * HEAP_PAGE_BYTES;
	REQUIRE(process_allows(heap, 13, 0, 0));
	REQUIRE(!process_allows(heap, 14, 0, 0));
	process_closed_bytes = 0;
	REQUIRE(process_allows(make_heap(), 100, 0, 0)); /* it counts the process's alone */
	limit_bytes = SIZE_MAX;
}

static void notes_peaks(void)
{
	struct heap *heap = heap_process;
	uint32_t cell = cell_cut(heap, bins_first(heap), 5, HEAP_PAGE_BYTES, HEAP_BLOCK);

	process_note_peak(heap, 0);
	REQUIRE(halloc_page_b.page_a_bytes_peak == 5 * HEAP_PAGE_BYTES);
	REQUIRE(halloc_page_b.committed_bytes_peak == heap_committed_bytes());
	cell_free(heap, cell, HEAP_ZERO);
	process_note_peak(heap, 0);
	REQUIRE(halloc_page_b.page_a_bytes_peak == 5 * HEAP_PAGE_BYTES);
	REQUIRE(halloc_page_b.committed_bytes_peak == heap_committed_bytes() + 5 * HEAP_PAGE_BYTES);
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	boots();
	grows();
	steps_over();
	is_limited();
	notes_peaks();
	REQUIRE(page_b_ok());
	return 0;
}
