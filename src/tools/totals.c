/*
 * totals - adds up what was read of a heap.
 *
 * Holds:  nothing.
 * Always: of Page A, all but the holes are counted, each byte once.
 */
#include "totals.h"

#include <stdlib.h>

static void count_cells(struct reader_snapshot *snapshot)
{
	struct reader_totals *totals = &snapshot->totals;

	for (size_t i = 0; i < snapshot->cell_count; i++) {
		const struct reader_cell *cell = &snapshot->cells[i];
		if (cell->kind == HEAP_HOLE)
			continue;
		totals->page_a += cell->bytes;
		if (cell->kind == HEAP_FREE) {
			totals->idle += cell->idle_bytes;
			totals->untouched += cell->bytes - cell->idle_bytes;
		} else if (cell->kind == HEAP_BLOCK) {
			totals->blocks++;
			totals->block += cell->bytes;
		} else if (cell->kind == HEAP_SLAB) {
			totals->slab += cell->bytes;
		} else {
			totals->unknown += cell->bytes;
		}
	}
}

static void count_classes(struct reader_snapshot *snapshot)
{
	struct reader_totals *totals = &snapshot->totals;

	for (unsigned i = 0; i < snapshot->class_count; i++) {
		const struct reader_class *class = &snapshot->classes[i];
		totals->live_slots += class->all.live;
		totals->live += class->all.live * class->slot_bytes;
		totals->cached_slots += class->all.cached;
		totals->cached += class->all.cached * class->slot_bytes;
		totals->idle += class->all.idle_bytes;
		totals->untouched += class->all.untouched_bytes;
	}
	totals->live += totals->block;
	totals->held = totals->page_a - totals->untouched;
	totals->page_b = snapshot->header.record_bytes_claimed;
}

static void count_arenas(struct source *source, struct reader_snapshot *snapshot)
{
	struct reader_totals *totals = &snapshot->totals;

	for (size_t i = 0; i < snapshot->slab_count; i++) {
		const struct reader_slab *slab = &snapshot->slabs[i];
		if (slab->arena >= snapshot->arena_count)
			continue;
		struct reader_arena *arena = &snapshot->arenas[slab->arena];
		arena->slabs++;
		arena->bytes += slab->bytes;
		arena->live_bytes +=
		        slab->slots.live * snapshot->classes[slab->sizeclass].slot_bytes;
	}
	for (unsigned i = 0; i < snapshot->arena_count; i++) {
		totals->fills += snapshot->arenas[i].fills;
		totals->flushes += snapshot->arenas[i].flushes;
		totals->slots_filled += snapshot->arenas[i].slots_filled;
	}
	uint64_t calls = (uintptr_t)snapshot->header.system_calls;
	if (!source_read(source, calls, &totals->system_calls, sizeof totals->system_calls))
		totals->system_calls = 0;
}

void totals_count(struct source *source, struct reader_snapshot *snapshot)
{
	count_cells(snapshot);
	count_classes(snapshot);
	count_arenas(source, snapshot);
}

static int class_compare(const void *a, const void *b)
{
	const struct reader_class *left = *(const struct reader_class *const *)a;
	const struct reader_class *right = *(const struct reader_class *const *)b;
	uint64_t live_left = left->all.live * left->slot_bytes;
	uint64_t live_right = right->all.live * right->slot_bytes;

	if (live_left != live_right)
		return live_left < live_right ? 1 : -1;
	return (left->slot_bytes > right->slot_bytes) - (left->slot_bytes < right->slot_bytes);
}

size_t totals_classes_by_live(const struct reader_snapshot *snapshot,
                              const struct reader_class ***classes)
{
	size_t count = 0;

	*classes = tool_new(snapshot->class_count, sizeof **classes);
	for (unsigned i = 0; i < snapshot->class_count; i++)
		if (snapshot->classes[i].slabs != 0)
			(*classes)[count++] = &snapshot->classes[i];
	qsort(*classes, count, sizeof **classes, class_compare);
	return count;
}
