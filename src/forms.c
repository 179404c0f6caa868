/*
 * forms - writes what was counted in the forms of glibc: malloc_info's, and malloc_stats'.
 *
 * Holds:  nothing.
 * Always: what one call writes is of one count.
 * Locks:  none while text is written.
 */
#include "forms.h"
#include "introspect.h"
#include "report.h"
#include "statistics.h"

#include <unistd.h>

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

static void info_totals(FILE *stream, const struct introspect_totals *totals,
                        const struct mallinfo2 *info)
{
	size_t rest_count = totals->free_cells + totals->free_slots;
	size_t rest_bytes = info->keepcost + totals->free_slot_bytes;

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

int forms_info(FILE *stream)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	struct mallinfo2 info = introspect_mallinfo_of(&totals);
	fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n", stream);
	info_sizes(stream, &totals);
	info_totals(stream, &totals, &info);
	info_system(stream, info.arena);
	fputs("</heap>\n", stream);
	info_totals(stream, &totals, &info);
	fprintf(stream, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n", totals.blocks,
	        totals.block_bytes);
	info_system(stream, info.arena + totals.block_bytes);
	fputs("</malloc>\n", stream);
	return 0;
}

static void print_stats(FILE *stream, const struct mallinfo2 *info)
{
	/* In one call, so that lines of several threads do not mix. */
	fprintf(stream,
	        "Arena 0:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n"
	        "Total (incl. mmap):\nsystem bytes     = %10zu\nin use bytes     = %10zu\n"
	        "max mmap regions = %10zu\nmax mmap bytes   = %10zu\n",
	        info->arena, info->uordblks, info->arena + info->hblkhd,
	        info->uordblks + info->hblkhd, info->hblks, info->hblkhd);
}

void forms_stats(void)
{
	struct report_stream out = REPORT_STREAM(STDERR_FILENO);
	struct introspect_totals totals;
	bool counted = introspect_count(&totals);
	struct mallinfo2 info = introspect_mallinfo_of(&totals);
	int cancel = report_hold_cancel();

	print_stats(stderr, &info);
	if (statistics_wanted && counted) {
		fflush(stderr);
		statistics_print(&out, &totals);
		report_flush(&out);
	}
	report_release_cancel(cancel);
}
