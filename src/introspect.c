/*
 * introspect - counts what the heap holds, when asked.
 *
 * Holds:  nothing: it pulls from Page B, and nothing pushes to it.
 * Always: the figures of mallinfo2, malloc_info and malloc_stats come from one count.
 * Locks:  the heap's, while its cells are visited; none while text is written.
 */
#include "introspect.h"
#include "alloc.h"
#include "bootstrap.h"
#include "heap.h"
#include "options.h"
#include "page_b.h"
#include "report.h"
#include "slab.h"
#include "tcache.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Many programs close stderr on their way out (coreutils do), so the statistics keep a copy of it. */
#define STATS_FD_MIN 200

static int stats_fd = -1;

/* --- Counting ----------------------------------------------------------------------------------- */

static void count_slab(struct introspect_totals *totals, const struct heap_view *view)
{
	const struct slab *slab = slab_at(view->start);

	totals->slab_bytes += view->bytes;
	if (slab == NULL)
		return;
	struct slab_counts counts = slab_count(slab);
	struct introspect_class *class = &totals->classes[slab->sizeclass];
	class->slabs++;
	class->live += counts.live;
	class->cached += counts.cached;
	class->free += counts.free;
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
		totals->blocks++;
		totals->block_bytes += view->bytes;
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

void introspect_count(struct introspect_totals *totals)
{
	*totals = (struct introspect_totals){0};
	if (!alloc_boot())
		return;
	heap_visit(heap_process, NULL, count_cell, totals);
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
	totals->bootstrap_bytes = BOOTSTRAP_BYTES;
	totals->bootstrap_live_bytes = bootstrap_bytes_live();
	totals->page_b_bytes = halloc_page_b.record_bytes_used;
	while (totals->arenas < ARENAS_MAX && slab_arenas[totals->arenas] != NULL)
		totals->arenas++;
	totals->tcaches = tcache_count();
}

/* --- glibc's forms ------------------------------------------------------------------------------ */

/* What glibc calls an arena is here all of Page A but the large blocks, and the bootstrap buffer. */
static size_t arena_bytes(const struct introspect_totals *totals)
{
	return totals->page_a_bytes - totals->block_bytes + totals->bootstrap_bytes;
}

static size_t arena_live_bytes(const struct introspect_totals *totals)
{
	return totals->live_slot_bytes + totals->bootstrap_live_bytes;
}

struct mallinfo2 introspect_mallinfo(void)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	return (struct mallinfo2){
	        .arena = arena_bytes(&totals),
	        .ordblks = totals.free_cells + totals.free_slots + totals.cached_slots,
	        .hblks = totals.blocks,
	        .hblkhd = totals.block_bytes,
	        .uordblks = arena_live_bytes(&totals),
	        .fordblks = arena_bytes(&totals) - arena_live_bytes(&totals),
	        .keepcost = totals.free_cell_bytes,
	};
}

static void info_sizes(FILE *stream, const struct introspect_totals *totals)
{
	fputs("<sizes>\n", stream);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t free = seen->free + seen->cached;
		size_t to = sizeclasses[class].slot_bytes;
		size_t from = class == 0 ? 1 : sizeclasses[class - 1].slot_bytes + 1;
		if (free != 0)
			fprintf(stream,
			        "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
			        from, to, free * to, free);
	}
	fputs("</sizes>\n", stream);
}

static void info_totals(FILE *stream, const struct introspect_totals *totals)
{
	size_t rest_count = totals->free_cells + totals->free_slots;
	size_t rest_bytes = totals->free_cell_bytes + totals->free_slot_bytes;

	fprintf(stream, "<total type=\"fast\" count=\"%zu\" size=\"%zu\"/>\n", totals->cached_slots,
	        totals->cached_slot_bytes);
	fprintf(stream, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n", rest_count,
	        rest_bytes);
}

static void info_system(FILE *stream, size_t bytes)
{
	fprintf(stream, "<system type=\"current\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<system type=\"max\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<aspace type=\"total\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<aspace type=\"mprotect\" size=\"%zu\"/>\n", bytes);
}

int introspect_malloc_info(FILE *stream)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n", stream);
	info_sizes(stream, &totals);
	info_totals(stream, &totals);
	info_system(stream, arena_bytes(&totals));
	fputs("</heap>\n", stream);
	info_totals(stream, &totals);
	fprintf(stream, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n", totals.blocks,
	        totals.block_bytes);
	info_system(stream, arena_bytes(&totals) + totals.block_bytes);
	fputs("</malloc>\n", stream);
	return 0;
}

/* --- For people --------------------------------------------------------------------------------- */

static void print_classes(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out, "%10s %8s %12s %12s %12s %14s\n", "class", "slabs", "live", "cached",
	              "free", "live bytes");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t bytes = sizeclasses[class].slot_bytes;
		if (seen->slabs != 0)
			report_format(out, "%10zu %8zu %12zu %12zu %12zu %14zu\n", bytes,
			              seen->slabs, seen->live, seen->cached, seen->free,
			              seen->live * bytes);
	}
}

static void print_ours(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out, "halloc: %zu bytes live in %zu slots, %zu in %zu large blocks\n",
	              totals->live_slot_bytes, totals->live_slots, totals->block_bytes,
	              totals->blocks);
	report_format(
	        out,
	        "halloc: Page A %zu bytes (free cells %zu, free slots %zu, in magazines %zu); "
	        "Page B %zu bytes; %u arenas, %u threads\n",
	        totals->page_a_bytes, totals->free_cell_bytes, totals->free_slot_bytes,
	        totals->cached_slot_bytes, totals->page_b_bytes, totals->arenas, totals->tcaches);
	print_classes(out, totals);
}

void introspect_malloc_stats(void)
{
	struct report_stream out = REPORT_STREAM(STDERR_FILENO);
	struct introspect_totals totals;

	introspect_count(&totals);
	report_format(&out, "Arena 0:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
	              arena_bytes(&totals), arena_live_bytes(&totals));
	report_format(&out,
	              "Total (incl. mmap):\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
	              arena_bytes(&totals) + totals.block_bytes,
	              arena_live_bytes(&totals) + totals.block_bytes);
	report_format(&out, "max mmap regions = %10zu\nmax mmap bytes   = %10zu\n", totals.blocks,
	              totals.block_bytes);
	if (stats_fd >= 0)
		print_ours(&out, &totals);
	report_flush(&out);
}

__attribute__((destructor)) static void stats_at_exit(void)
{
	struct report_stream out = REPORT_STREAM(stats_fd);
	struct introspect_totals totals;

	if (stats_fd < 0)
		return;
	introspect_count(&totals);
	print_ours(&out, &totals);
	report_flush(&out);
}

void introspect_start(void)
{
	if (strcmp(options.stats, "1") == 0)
		stats_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STATS_FD_MIN);
}
