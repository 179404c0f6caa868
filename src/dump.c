/*
 * dump - prints the cells of a heap.
 *
 * Holds:  nothing.
 * Always: views are copied under the heap's lock, in portions, and printed without it.
 * Locks:  the heap's, briefly.
 */
#include "dump.h"
#include "guarded.h"
#include "report.h"
#include "slab.h"

#define PORTION 64

typedef void (*print_view)(struct report_stream *out, const struct heap_view *view);

static void dump_cells(struct heap *heap, struct report_stream *out, print_view print)
{
	struct heap_view views[PORTION];
	const char *from = NULL;
	size_t count;

	while ((count = heap_views(heap, from, views, PORTION)) != 0) {
		for (size_t i = 0; i < count; i++)
			print(out, &views[i]);
		from = (const char *)views[count - 1].start + views[count - 1].bytes;
	}
}

static void print_cell(struct report_stream *out, const struct heap_view *view)
{
	report_format(out, "%p %10zu %s\n", view->start, view->bytes,
	              view->kind == HEAP_FREE ? "free" : "in use");
}

int dump_heap(struct heap *heap, int fd)
{
	struct report_stream out = REPORT_STREAM(fd);

	dump_cells(heap, &out, print_cell);
	return report_flush(&out);
}

static void print_slab(struct report_stream *out, const struct heap_view *view)
{
	const struct slab *slab = slab_at(view->start);

	if (slab == NULL) {
		report_format(out, "slab\n");
		return;
	}
	struct slab_counts counts = slab_count(slab);
	report_format(out, "slab of %u-byte slots in arena %u: %u live, %u cached, %u free\n",
	              sizeclasses[slab->sizeclass].slot_bytes, (unsigned)slab->arena, counts.live,
	              counts.cached, counts.free);
}

static void print_process_cell(struct report_stream *out, const struct heap_view *view)
{
	report_format(out, "%p %10zu ", view->start, view->bytes);
	switch (view->kind) {
	case HEAP_FREE:
		report_format(out, "free\n");
		break;
	case HEAP_BLOCK:
		report_format(out,
		              guarded_is_kept(view->start) ? "freed, held back\n" : "in use\n");
		break;
	case HEAP_SLAB:
		print_slab(out, view);
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
