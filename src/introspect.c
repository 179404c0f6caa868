/*
 * introspect - counts what the heap holds, when asked.
 *
 * Holds:  nothing, and no figures: it pulls from Page B, and nothing pushes to it.
 * Always: the figures of a count are of one visit to the cells.
 * Locks:  the heap's, while its cells are visited.
 */
#include "introspect.h"
#include "alloc.h"
#include "boot.h"
#include "bootstrap.h"
#include "guards.h"
#include "heap.h"
#include "page_b.h"
#include "slab.h"
#include "tcache.h"

static void count_slab(struct introspect_totals *totals, const struct heap_view *view)
{
	const struct slab *slab = slab_at(view->start);
	size_t guard_bytes = slab != NULL && slab->guarded ? HEAP_PAGE_BYTES : 0;

	totals->slab_bytes += view->bytes - guard_bytes;
	totals->withheld_bytes += guard_bytes;
	if (slab == NULL)
		return;
	struct slab_counts counts = slab_count(slab);
	struct introspect_class *class = &totals->classes[slab->sizeclass];
	class->slabs++;
	class->live += counts.live;
	class->cached += counts.cached;
	class->free += counts.free;
}

static void count_block(struct introspect_totals *totals, const struct heap_view *view)
{
	if (guards_is_kept(view->start)) {
		totals->withheld_bytes += view->bytes;
		return;
	}
	totals->blocks++;
	totals->block_bytes += view->bytes;
}

static int count_cell(const struct heap_view *view, void *arg)
{
	struct introspect_totals *totals = arg;

	switch (view->kind) {
	case HEAP_FREE:
		totals->free_cells++;
		totals->free_cell_bytes += view->bytes;
		break;
	case HEAP_BLOCK:
		count_block(totals, view);
		break;
	case HEAP_SLAB:
		count_slab(totals, view);
		break;
	case HEAP_HOLE:
		return 0;
	}
	totals->page_a_bytes += view->bytes;
	return 0;
}

static void count_work(struct introspect_work *work)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arena(i) != NULL; i++) {
		const struct arena *arena = slab_arena(i);
		work->fills += arena->fills;
		work->slots_filled += arena->slots_filled;
		work->flushes += arena->flushes;
		work->slots_flushed += arena->slots_flushed;
		work->fill_ns += arena->fill_ns;
		work->flush_ns += arena->flush_ns;
	}
	work->blocks_taken = heap_process->blocks_taken;
	work->blocks_given = heap_process->blocks_given;
	work->blocks_resized = heap_process->blocks_resized;
	work->block_ns = heap_process->block_ns;
}

static void count_slots(struct introspect_totals *totals)
{
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t bytes = sizeclasses[class].slot_bytes;
		totals->live_slots += seen->live;
		totals->live_slot_bytes += seen->live * bytes;
		totals->cached_slots += seen->cached;
		totals->cached_slot_bytes += seen->cached * bytes;
		totals->free_slots += seen->free;
		totals->free_slot_bytes += seen->free * bytes;
	}
}

static void count_cells(struct introspect_totals *totals)
{
	struct tcache *tcache = tcache_hide();

	heap_visit(heap_process, NULL, count_cell, totals);
	totals->committed_bytes = heap_committed_bytes();
	tcache_show(tcache);
	count_slots(totals);
}

static size_t heap_bytes_read(const uint32_t *granules)
{
	return heap_bytes_of(heap_process, __atomic_load_n(granules, __ATOMIC_RELAXED));
}

/* What can be read without the heap's lock: cells are not walked. */
runs_seldom static void count_without_cells(struct introspect_totals *totals)
{
	size_t in_use = heap_bytes_read(&heap_process->granules_in_use);
	size_t dirty = heap_bytes_read(&heap_process->granules_dirty);

	totals->slab_bytes = totals->live_slot_bytes = in_use;
	totals->free_cell_bytes = dirty;
	totals->page_a_bytes = totals->committed_bytes = in_use + dirty;
}

bool introspect_count(struct introspect_totals *totals)
{
	*totals = (struct introspect_totals){0};
	if (!boot_ensure())
		return true;
	bool counted = !alloc_is_interrupted();
	if (counted)
		count_cells(totals);
	else
		count_without_cells(totals);
	totals->bootstrap_bytes = BOOTSTRAP_BYTES;
	totals->bootstrap_live_bytes = bootstrap_bytes_live();
	totals->page_b_bytes = halloc_page_b.record_bytes_used;
	while (totals->arenas < ARENAS_MAX && slab_arena(totals->arenas) != NULL)
		totals->arenas++;
	totals->tcaches = tcache_count();
	totals->free_dirty_bytes = heap_bytes_read(&heap_process->granules_dirty);
	count_work(&totals->work);
	return counted;
}

/* --- In glibc's terms --------------------------------------------------------------------------- */

/* What malloc_trim would give back of the free cells. (Counted a moment later than they were.) */
static size_t kept_bytes(const struct introspect_totals *totals)
{
	return totals->free_dirty_bytes < totals->free_cell_bytes ? totals->free_dirty_bytes
	                                                          : totals->free_cell_bytes;
}

/* What glibc calls an arena is here all of Page A but the large blocks, what nobody can touch, and what went back to the
 * system; and the bootstrap buffer. */
static size_t arena_bytes(const struct introspect_totals *totals)
{
	return totals->slab_bytes + kept_bytes(totals) + totals->bootstrap_bytes;
}

static size_t arena_live_bytes(const struct introspect_totals *totals)
{
	return totals->live_slot_bytes + totals->bootstrap_live_bytes;
}

struct mallinfo2 introspect_mallinfo_of(const struct introspect_totals *totals)
{
	return (struct mallinfo2){
	        .arena = arena_bytes(totals),
	        .ordblks = totals->free_cells + totals->free_slots + totals->cached_slots,
	        .hblks = totals->blocks,
	        .hblkhd = totals->block_bytes,
	        .uordblks = arena_live_bytes(totals),
	        .fordblks = arena_bytes(totals) - arena_live_bytes(totals),
	        .keepcost = kept_bytes(totals),
	};
}

struct mallinfo2 introspect_mallinfo(void)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	return introspect_mallinfo_of(&totals);
}
