/*
 * statistics - writes what was counted: for people, as JSON, and in one line when the limit is met.
 *
 * Holds:  whether the user wants statistics.
 * Always: what one call writes is of one count.
 * Locks:  none.
 */
#include "statistics.h"
#include "alloc.h"
#include "clock.h"
#include "limit.h"
#include "os.h"
#include "page_b.h"
#include "utf8.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

bool statistics_wanted;

/* What is not of the heap itself. */
struct process_figures {
	uint64_t up_ms;
	size_t resident_bytes_peak;
	uint64_t faults_minor;
	uint64_t faults_major;
};

static struct process_figures process_figures(void)
{
	struct rusage usage = {0};
	uint64_t start_ms = halloc_page_b.start_ms;

	getrusage(RUSAGE_SELF, &usage);
	return (struct process_figures){
	        .up_ms = start_ms == 0 ? 0 : clock_whole_ms() - start_ms,
	        .resident_bytes_peak = (size_t)usage.ru_maxrss * 1024,
	        .faults_minor = (uint64_t)usage.ru_minflt,
	        .faults_major = (uint64_t)usage.ru_majflt,
	};
}

static size_t class_slab_bytes(const struct introspect_totals *totals, unsigned class)
{
	return totals->classes[class].slabs * sizeclasses[class].heap_pages * HEAP_PAGE_BYTES;
}

static uint64_t committed_peak(const struct introspect_totals *totals)
{
	uint64_t peak = halloc_page_b.committed_bytes_peak;

	return peak > totals->committed_bytes ? peak : totals->committed_bytes;
}

static void print_classes(struct report_stream *out, const struct introspect_totals *totals)
{
	if (totals->slab_bytes == 0)
		return;
	report_format(out, "halloc: %8s %7s %11s %10s %10s %14s %14s\n", "class", "slabs", "live",
	              "cached", "free", "live bytes", "waste bytes");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t live_bytes = seen->live * sizeclasses[class].slot_bytes;
		if (seen->slabs != 0)
			report_format(out, "halloc: %8u %7zu %11zu %10zu %10zu %14zu %14zu\n",
			              (unsigned)sizeclasses[class].slot_bytes, seen->slabs,
			              seen->live, seen->cached, seen->free, live_bytes,
			              class_slab_bytes(totals, class) - live_bytes);
	}
}

static void print_work(struct report_stream *out, const struct introspect_totals *totals)
{
	const struct introspect_work *work = &totals->work;
	struct process_figures process = process_figures();

	report_format(out,
	              "halloc: %lu fills brought %lu slots, %lu flushes took %lu; large "
	              "blocks: %lu taken, %lu given back, %lu resized in place\n",
	              work->fills, work->slots_filled, work->flushes, work->slots_flushed,
	              work->blocks_taken, work->blocks_given, work->blocks_resized);
	report_format(out,
	              "halloc: time in fills %lu us, flushes %lu us, large blocks %lu us, "
	              "purges %lu us\n",
	              work->fill_ns / 1000, work->flush_ns / 1000, work->block_ns / 1000,
	              halloc_page_b.purge_ns / 1000);
	report_format(out,
	              "halloc: %lu purges gave back %lu bytes; %lu system calls for memory; "
	              "page faults of the process: %lu minor, %lu major\n",
	              halloc_page_b.purges, halloc_page_b.purged_bytes, os_calls,
	              process.faults_minor, process.faults_major);
	report_format(out,
	              "halloc: peaks: %lu bytes of Page A in use, %lu bytes committed; the "
	              "process: %zu bytes resident\n",
	              halloc_page_b.page_a_bytes_peak, committed_peak(totals),
	              process.resident_bytes_peak);
	if (limit_bytes != SIZE_MAX)
		report_format(out, "halloc: the limit is %zu bytes; it was met %lu times\n",
		              limit_bytes, halloc_page_b.limit_refusals);
}

void statistics_print(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out,
	              "halloc: statistics of %s, process %d: %zu bytes live in %zu slots, %zu in "
	              "%zu large blocks\n",
	              program_invocation_short_name, (int)getpid(), totals->live_slot_bytes,
	              totals->live_slots, totals->block_bytes, totals->blocks);
	report_format(
	        out,
	        "halloc: Page A %zu bytes: slabs %zu, large blocks %zu, free %zu, of those not "
	        "given back %zu; committed with Page B %zu\n",
	        totals->page_a_bytes, totals->slab_bytes, totals->block_bytes,
	        totals->free_cell_bytes, totals->free_dirty_bytes, totals->committed_bytes);
	if (totals->withheld_bytes != 0)
		report_format(out,
		              "halloc: withheld of Page A, in guards and freed blocks: %zu bytes\n",
		              totals->withheld_bytes);
	report_format(
	        out,
	        "halloc: slots not live: %zu bytes in magazines, %zu in slabs; Page B %zu bytes; "
	        "start-up buffer %zu of %zu bytes; %u arenas, %u threads\n",
	        totals->cached_slot_bytes, totals->free_slot_bytes, totals->page_b_bytes,
	        totals->bootstrap_live_bytes, totals->bootstrap_bytes, totals->arenas,
	        totals->tcaches);
	print_work(out, totals);
	print_classes(out, totals);
}

/* --- As JSON ------------------------------------------------------------------------------------ */

/* A byte that is of no character becomes the character of that number. */
static void json_text(struct report_stream *out, const char *text)
{
	while (*text != '\0') {
		unsigned char byte = (unsigned char)*text;
		unsigned length = utf8_bytes(text);
		if (length == 0 || byte < ' ' || byte == 127 || byte == '"' || byte == '\\') {
			report_format(out, "\\u00%x%x", (unsigned)byte >> 4, (unsigned)byte & 15);
			text++;
			continue;
		}
		for (; length > 0; length--)
			report_format(out, "%c", *text++);
	}
}

static void json_classes(struct report_stream *out, const struct introspect_totals *totals)
{
	const char *comma = "";

	report_format(out, "\"classes\": [");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t slot_bytes = sizeclasses[class].slot_bytes;
		size_t slab_bytes = class_slab_bytes(totals, class);
		if (seen->slabs == 0)
			continue;
		report_format(out,
		              "%s\n  {\"slot_bytes\": %zu, \"slabs\": %zu, \"slab_bytes\": %zu, "
		              "\"live\": %zu, \"cached\": %zu, \"free\": %zu, ",
		              comma, slot_bytes, seen->slabs, slab_bytes, seen->live, seen->cached,
		              seen->free);
		report_format(out, "\"live_bytes\": %zu, \"waste_bytes\": %zu}",
		              seen->live * slot_bytes, slab_bytes - seen->live * slot_bytes);
		comma = ",";
	}
	report_format(out, "\n],\n");
}

static void json_work(struct report_stream *out, const struct introspect_work *work)
{
	report_format(out,
	              "\"calls\": {\"fills\": %lu, \"slots_filled\": %lu, \"flushes\": %lu, "
	              "\"slots_flushed\": %lu, ",
	              work->fills, work->slots_filled, work->flushes, work->slots_flushed);
	report_format(out,
	              "\"blocks_taken\": %lu, \"blocks_given\": %lu, \"blocks_resized\": %lu, "
	              "\"system_calls\": %lu},\n",
	              work->blocks_taken, work->blocks_given, work->blocks_resized, os_calls);
	report_format(out,
	              "\"slow_ns\": {\"fills\": %lu, \"flushes\": %lu, \"blocks\": %lu, "
	              "\"purges\": %lu},\n",
	              work->fill_ns, work->flush_ns, work->block_ns, halloc_page_b.purge_ns);
	report_format(out, "\"purges\": {\"count\": %lu, \"bytes\": %lu, \"pressed\": %lu},\n",
	              halloc_page_b.purges, halloc_page_b.purged_bytes,
	              halloc_page_b.pressure_purges);
}

static void json_mallinfo(struct report_stream *out, const struct mallinfo2 *info)
{
	report_format(out,
	              "\"mallinfo2\": {\"arena\": %zu, \"ordblks\": %zu, \"hblks\": %zu, "
	              "\"hblkhd\": %zu, \"uordblks\": %zu, \"fordblks\": %zu, \"keepcost\": %zu}\n",
	              info->arena, info->ordblks, info->hblks, info->hblkhd, info->uordblks,
	              info->fordblks, info->keepcost);
}

static void json_heap(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out,
	              "\"live\": {\"slots\": %zu, \"slot_bytes\": %zu, \"blocks\": %zu, "
	              "\"block_bytes\": %zu},\n",
	              totals->live_slots, totals->live_slot_bytes, totals->blocks,
	              totals->block_bytes);
	report_format(out,
	              "\"page_a\": {\"bytes\": %zu, \"slab_bytes\": %zu, \"block_bytes\": %zu, "
	              "\"free_cells\": %zu, \"free_bytes\": %zu, \"free_dirty_bytes\": %zu, "
	              "\"withheld_bytes\": %zu},\n",
	              totals->page_a_bytes, totals->slab_bytes, totals->block_bytes,
	              totals->free_cells, totals->free_cell_bytes, totals->free_dirty_bytes,
	              totals->withheld_bytes);
	report_format(out,
	              "\"slots\": {\"cached\": %zu, \"cached_bytes\": %zu, \"free\": %zu, "
	              "\"free_bytes\": %zu, \"waste_bytes\": %zu},\n",
	              totals->cached_slots, totals->cached_slot_bytes, totals->free_slots,
	              totals->free_slot_bytes, totals->slab_bytes - totals->live_slot_bytes);
	report_format(out,
	              "\"page_b\": {\"record_bytes\": %zu, \"record_bytes_claimed\": %lu},\n"
	              "\"bootstrap\": {\"bytes\": %zu, \"live_bytes\": %zu},\n",
	              totals->page_b_bytes, halloc_page_b.record_bytes_claimed,
	              totals->bootstrap_bytes, totals->bootstrap_live_bytes);
	report_format(out, "\"arenas\": %u,\n\"threads\": %u,\n", totals->arenas, totals->tcaches);
	report_format(out, "\"committed_bytes\": %zu,\n\"limit\": {", totals->committed_bytes);
	if (limit_bytes == SIZE_MAX)
		report_format(out, "\"bytes\": null, ");
	else
		report_format(out, "\"bytes\": %zu, ", limit_bytes);
	report_format(out, "\"refusals\": %lu},\n", halloc_page_b.limit_refusals);
}

void statistics_print_json(struct report_stream *out, const struct introspect_totals *totals)
{
	struct mallinfo2 info = introspect_mallinfo_of(totals);
	struct process_figures process = process_figures();

	report_format(out, "{\n\"version\": 1,\n\"program\": \"");
	json_text(out, program_invocation_short_name);
	report_format(out, "\",\n\"pid\": %d,\n\"up_ms\": %lu,\n", (int)getpid(), process.up_ms);
	report_format(out,
	              "\"peak\": {\"page_a_bytes\": %lu, \"committed_bytes\": %lu, "
	              "\"resident_bytes\": %zu},\n",
	              halloc_page_b.page_a_bytes_peak, committed_peak(totals),
	              process.resident_bytes_peak);
	report_format(out, "\"faults\": {\"minor\": %lu, \"major\": %lu},\n", process.faults_minor,
	              process.faults_major);
	json_heap(out, totals);
	json_work(out, &totals->work);
	json_classes(out, totals);
	json_mallinfo(out, &info);
	report_format(out, "}\n");
}

/* --- The limit ---------------------------------------------------------------------------------- */

/* How many classes the word of the limit names: those that hold most. */
#define LIMIT_CLASSES 4

/* Of the classes that are not named yet, the one whose slabs hold most. Returns: SIZECLASS_COUNT when none holds any. */
static unsigned class_held_most(const struct introspect_totals *totals, const bool *named)
{
	unsigned most = SIZECLASS_COUNT;
	size_t most_bytes = 0;

	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		size_t held = class_slab_bytes(totals, class);
		if (!named[class] && held > most_bytes) {
			most = class;
			most_bytes = held;
		}
	}
	return most;
}

/* One line: what was asked for, and who holds what. */
static void print_limit(size_t bytes)
{
	struct report_stream out = REPORT_STREAM(STDERR_FILENO);
	struct introspect_totals totals;
	bool named[SIZECLASS_COUNT] = {false};

	introspect_count(&totals);
	report_format(&out,
	              "halloc: the limit of %zu bytes is reached, %zu more are refused; "
	              "large blocks hold %zu bytes (%zu)",
	              limit_bytes, bytes, totals.block_bytes, totals.blocks);
	for (int i = 0; i < LIMIT_CLASSES; i++) {
		unsigned most = class_held_most(&totals, named);
		if (most == SIZECLASS_COUNT)
			break;
		named[most] = true;
		report_format(&out, ", slabs of %u-byte slots %zu (%zu live)",
		              (unsigned)sizeclasses[most].slot_bytes,
		              class_slab_bytes(&totals, most), totals.classes[most].live);
	}
	report_format(&out, "; all slabs %zu, Page B %zu\n", totals.slab_bytes,
	              totals.page_b_bytes);
	report_flush(&out);
}

runs_at_start void statistics_start(void)
{
	if (limit_bytes != SIZE_MAX)
		alloc_limit_report = print_limit;
}
