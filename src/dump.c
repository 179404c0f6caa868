/*
 * dump - prints the cells of a heap.
 *
 * Holds:  nothing.
 * Always: what is seen is copied under the heap's lock, in portions, and printed without it.
 * Locks:  the heap's, briefly.
 */
#include "dump.h"
#include "guards.h"
#include "report.h"
#include "slab.h"

#define PORTION 64

/* A cell, and the slab in it, as they are while the heap is locked: then no slab goes. */
struct seen {
	struct heap_view view;
	bool has_slab;
	uint16_t arena;
	uint32_t slot_bytes;
	struct slab_counts counts;
};

struct seen_list {
	struct seen seen[PORTION];
	size_t count;
};

typedef void (*print_seen)(struct report_stream *out, const struct seen *seen);

static int see(const struct heap_view *view, void *arg)
{
	struct seen_list *list = arg;
	struct seen *seen = &list->seen[list->count++];
	const struct slab *slab = view->kind == HEAP_SLAB ? slab_at(view->start) : NULL;

	*seen = (struct seen){.view = *view, .has_slab = slab != NULL};
	if (slab != NULL) {
		seen->arena = slab->arena;
		seen->slot_bytes = sizeclasses[slab->sizeclass].slot_bytes;
		seen->counts = slab_count(slab);
	}
	return list->count == PORTION;
}

static void dump_cells(struct heap *heap, struct report_stream *out, print_seen print)
{
	struct seen_list list = {.count = PORTION};
	const char *from = NULL;

	while (list.count == PORTION) {
		list.count = 0;
		heap_visit(heap, from, see, &list);
		for (size_t i = 0; i < list.count; i++)
			print(out, &list.seen[i]);
		if (list.count != 0) {
			const struct heap_view *last = &list.seen[list.count - 1].view;
			from = (const char *)last->start + last->bytes;
		}
	}
}

static void print_cell(struct report_stream *out, const struct seen *seen)
{
	report_format(out, "%p %10zu %s\n", seen->view.start, seen->view.bytes,
	              seen->view.kind == HEAP_FREE ? "free" : "in use");
}

int dump_heap(struct heap *heap, int fd)
{
	struct report_stream out = REPORT_STREAM(fd);

	dump_cells(heap, &out, print_cell);
	return report_flush(&out);
}

static void print_slab(struct report_stream *out, const struct seen *seen)
{
	if (!seen->has_slab) {
		report_format(out, "slab\n");
		return;
	}
	report_format(out, "slab of %u-byte slots in arena %u: %u live, %u cached, %u free\n",
	              seen->slot_bytes, (unsigned)seen->arena, seen->counts.live,
	              seen->counts.cached, seen->counts.free);
}

static void print_process_cell(struct report_stream *out, const struct seen *seen)
{
	const struct heap_view *view = &seen->view;

	report_format(out, "%p %10zu ", view->start, view->bytes);
	switch (view->kind) {
	case HEAP_FREE:
		report_format(out, "free\n");
		break;
	case HEAP_BLOCK:
		report_format(out, guards_is_kept(view->start) ? "freed, held back\n" : "in use\n");
		break;
	case HEAP_SLAB:
		print_slab(out, seen);
		break;
	case HEAP_HOLE:
		report_format(out, "not ours\n");
		break;
	}
}

struct class_total {
	size_t slabs, live, cached, free;
};

static int add_slab(const struct heap_view *view, void *arg)
{
	struct class_total *totals = arg;
	const struct slab *slab = view->kind == HEAP_SLAB ? slab_at(view->start) : NULL;

	if (slab == NULL)
		return 0;
	struct slab_counts counts = slab_count(slab);
	totals[slab->sizeclass].slabs++;
	totals[slab->sizeclass].live += counts.live;
	totals[slab->sizeclass].cached += counts.cached;
	totals[slab->sizeclass].free += counts.free;
	return 0;
}

int dump_process(int fd)
{
	struct report_stream out = REPORT_STREAM(fd);
	struct class_total totals[SIZECLASS_COUNT] = {{0}};

	dump_cells(heap_process, &out, print_process_cell);
	heap_visit(heap_process, NULL, add_slab, totals);
	report_format(&out, "%10s %8s %10s %10s %10s\n", "class", "slabs", "live", "cached",
	              "free");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		if (totals[class].slabs != 0)
			report_format(&out, "%10u %8zu %10zu %10zu %10zu\n",
			              sizeclasses[class].slot_bytes, totals[class].slabs,
			              totals[class].live, totals[class].cached, totals[class].free);
	return report_flush(&out);
}
