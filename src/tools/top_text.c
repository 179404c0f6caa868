/*
 * top_text - the tables of top, and its forms for programs.
 *
 * Holds:  nothing.
 * Always: the tables fit 80 columns; the other two print bytes and counts without rounding.
 */
#include "top_text.h"
#include "totals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* --- For people --------------------------------------------------------------------------------- */

void top_text_title(FILE *out)
{
	fprintf(out, "%7s %-14s %6s %6s %6s %6s %6s %7s %6s %7s", "PID", "COMMAND", "LIVE", "HELD",
	        "IDLE", "CACHED", "RSS", "SLOTS/S", "ARENAS", "THREADS");
}

void top_text_row(FILE *out, const struct watched *watched)
{
	const struct reader_snapshot *snapshot = &watched->snapshot;
	const struct reader_totals *totals = &snapshot->totals;

	fprintf(out, "%7d ", (int)watched->pid);
	tool_put_padded(out, watched->command, 14);
	fprintf(out, " %6s %6s %6s %6s %6s %7s %6u %7zu", tool_bytes(totals->live).text,
	        tool_bytes(totals->held).text, tool_bytes(totals->idle).text,
	        tool_bytes(totals->cached).text, tool_bytes(watched->resident).text,
	        tool_count(watched->rate).text, snapshot->arena_count, snapshot->cache_count);
}

/* What slabs of a class hold of memory beyond their live slots. */
static uint64_t class_waste(const struct reader_class *class)
{
	return class->bytes - class->all.untouched_bytes - class->all.live * class->slot_bytes;
}

void top_text_class_title(FILE *out)
{
	fprintf(out, "%7s %7s %9s %8s %9s %7s %7s %7s %5s", "CLASS", "SLABS", "LIVE", "CACHED",
	        "FREE", "LIVE B", "WASTE B", "IDLE B", "LIVE%");
}

void top_text_class_row(FILE *out, const struct reader_class *class)
{
	const struct reader_slots *all = &class->all;
	uint64_t held = class->bytes - all->untouched_bytes;
	uint64_t live = all->live * class->slot_bytes;

	fprintf(out, "%7u %7" PRIu64 " %9" PRIu64 " %8" PRIu64 " %9" PRIu64 " %7s %7s %7s %5.0f",
	        class->slot_bytes, class->slabs, all->live, all->cached, all->free,
	        tool_bytes(live).text, tool_bytes(class_waste(class)).text,
	        tool_bytes(all->idle_bytes).text,
	        held == 0 ? 0 : 100.0 * (double)live / (double)held);
}

void top_text_arena_title(FILE *out)
{
	fprintf(out, "%7s %7s %7s %7s %7s %12s %12s %12s", "ARENA", "THREADS", "SLABS", "BYTES",
	        "LIVE B", "FILLS", "FLUSHES", "SLOTS FILLED");
}

void top_text_arena_row(FILE *out, const struct reader_arena *arena)
{
	fprintf(out, "%7u %7u %7" PRIu64 " %7s %7s %12" PRIu64 " %12" PRIu64 " %12" PRIu64,
	        arena->number, arena->users, arena->slabs, tool_bytes(arena->bytes).text,
	        tool_bytes(arena->live_bytes).text, arena->fills, arena->flushes,
	        arena->slots_filled);
}

void top_text_cache_title(FILE *out)
{
	fprintf(out, "%16s %7s %9s %9s %9s", "THREAD'S CACHE", "ARENA", "SLOTS", "BYTES", "OUTBOX");
}

void top_text_cache_row(FILE *out, const struct reader_cache *cache)
{
	fprintf(out, "%16" PRIx64 " %7u %9" PRIu64 " %9s %9" PRIu64, cache->address, cache->arena,
	        cache->slots, tool_bytes(cache->bytes).text, cache->outbox);
}

static void table_details(FILE *out, const struct watched *watched)
{
	const struct reader_snapshot *snapshot = &watched->snapshot;
	const struct reader_class **classes;
	size_t count = totals_classes_by_live(snapshot, &classes);

	fprintf(out,
	        "\n%d (%s): %" PRIu64 " large blocks, %s\n%" PRIu64
	        " reads were torn and done again, %" PRIu64 " stayed torn\n\n",
	        (int)watched->pid, watched->command, snapshot->totals.blocks,
	        tool_bytes(snapshot->totals.block).text, snapshot->retries, snapshot->torn);
	top_text_class_title(out);
	for (size_t i = 0; i < count; i++) {
		putc('\n', out);
		top_text_class_row(out, classes[i]);
	}
	free(classes);
	fputs("\n\n", out);
	top_text_arena_title(out);
	for (unsigned i = 0; i < snapshot->arena_count; i++) {
		putc('\n', out);
		top_text_arena_row(out, &snapshot->arenas[i]);
	}
	fputs("\n\n", out);
	top_text_cache_title(out);
	for (size_t i = 0; i < snapshot->cache_count; i++) {
		putc('\n', out);
		top_text_cache_row(out, &snapshot->caches[i]);
	}
	putc('\n', out);
}

void top_text_table(FILE *out, const struct watch *watch, bool details)
{
	top_text_title(out);
	putc('\n', out);
	for (size_t i = 0; i < watch->count; i++) {
		top_text_row(out, &watch->all[i]);
		putc('\n', out);
	}
	for (size_t i = 0; i < watch->count && details; i++)
		table_details(out, &watch->all[i]);
}

/* --- JSON --------------------------------------------------------------------------------------- */

static void json_totals(FILE *out, const struct watched *watched)
{
	const struct reader_snapshot *snapshot = &watched->snapshot;
	const struct reader_totals *totals = &snapshot->totals;
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
	        {"live_bytes", totals->live},
	        {"live_slots", totals->live_slots},
	        {"large_blocks", totals->blocks},
	        {"large_block_bytes", totals->block},
	        {"cached_bytes", totals->cached},
	        {"cached_slots", totals->cached_slots},
	        {"idle_bytes", totals->idle},
	        {"held_bytes", totals->held},
	        {"untouched_bytes", totals->untouched},
	        {"unknown_bytes", totals->unknown},
	        {"page_a_bytes", totals->page_a},
	        {"page_a_bytes_peak", snapshot->header.page_a_bytes_peak},
	        {"page_b_bytes", totals->page_b},
	        {"resident_bytes", watched->resident},
	        {"slots_filled", totals->slots_filled},
	        {"fills", totals->fills},
	        {"flushes", totals->flushes},
	        {"purges", snapshot->header.purges},
	        {"purged_bytes", snapshot->header.purged_bytes},
	        {"system_calls", totals->system_calls},
	        {"uptime_ms", snapshot->uptime_ms},
	        {"torn_reads_retried", snapshot->retries},
	        {"torn_reads_left", snapshot->torn},
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		fprintf(out, ",\n  \"%s\":%" PRIu64, fields[i].name, fields[i].value);
	fprintf(out, ",\n  \"slots_filled_per_second\":%.1f", watched->rate);
}

static void json_classes(FILE *out, const struct reader_snapshot *snapshot)
{
	const char *comma = "";

	fputs(",\n  \"classes\":[", out);
	for (unsigned i = 0; i < snapshot->class_count; i++) {
		const struct reader_class *class = &snapshot->classes[i];
		if (class->slabs == 0)
			continue;
		fprintf(out,
		        "%s\n   {\"slot_bytes\":%u,\"slabs\":%" PRIu64 ",\"slab_bytes\":%" PRIu64
		        ",\"live\":%" PRIu64 ",\"cached\":%" PRIu64 ",\"free\":%" PRIu64
		        ",\"idle_bytes\":%" PRIu64 ",\"waste_bytes\":%" PRIu64 "}",
		        comma, class->slot_bytes, class->slabs, class->bytes, class->all.live,
		        class->all.cached, class->all.free, class->all.idle_bytes,
		        class_waste(class));
		comma = ",";
	}
	putc(']', out);
}

static void json_arenas(FILE *out, const struct reader_snapshot *snapshot)
{
	fputs(",\n  \"arenas\":[", out);
	for (unsigned i = 0; i < snapshot->arena_count; i++) {
		const struct reader_arena *arena = &snapshot->arenas[i];
		fprintf(out,
		        "%s\n   {\"arena\":%u,\"threads\":%u,\"slabs\":%" PRIu64
		        ",\"slab_bytes\":%" PRIu64 ",\"live_bytes\":%" PRIu64 ",\"fills\":%" PRIu64
		        ",\"flushes\":%" PRIu64 ",\"slots_filled\":%" PRIu64 "}",
		        i == 0 ? "" : ",", arena->number, arena->users, arena->slabs, arena->bytes,
		        arena->live_bytes, arena->fills, arena->flushes, arena->slots_filled);
	}
	putc(']', out);
}

static void json_caches(FILE *out, const struct reader_snapshot *snapshot)
{
	fputs(",\n  \"caches\":[", out);
	for (size_t i = 0; i < snapshot->cache_count; i++) {
		const struct reader_cache *cache = &snapshot->caches[i];
		fprintf(out,
		        "%s\n   {\"arena\":%u,\"slots\":%" PRIu64 ",\"bytes\":%" PRIu64
		        ",\"outbox\":%" PRIu64 "}",
		        i == 0 ? "" : ",", cache->arena, cache->slots, cache->bytes, cache->outbox);
	}
	putc(']', out);
}

void top_text_json(FILE *out, const struct watch *watch)
{
	fprintf(out, "{\"time\":%lld,\"processes\":[", (long long)time(NULL));
	for (size_t i = 0; i < watch->count; i++) {
		const struct watched *watched = &watch->all[i];
		fprintf(out, "%s\n {\"pid\":%d,\"command\":", i == 0 ? "" : ",", (int)watched->pid);
		tool_json_string(out, watched->command);
		json_totals(out, watched);
		json_classes(out, &watched->snapshot);
		json_arenas(out, &watched->snapshot);
		json_caches(out, &watched->snapshot);
		putc('}', out);
	}
	fputs("]}\n", out);
}

/* --- Prometheus --------------------------------------------------------------------------------- */

static void labels(FILE *out, const struct watched *watched)
{
	fprintf(out, "{pid=\"%d\",command=\"", (int)watched->pid);
	for (const char *c = watched->command; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', out);
		putc(*c, out);
	}
	putc('"', out);
}

typedef uint64_t (*process_value)(const struct watched *watched);
typedef uint64_t (*class_value)(const struct reader_class *class);

#define PROCESS_VALUES(X)                                                                     \
	X(live_bytes, gauge, "bytes in live slots and large blocks", s->totals.live)          \
	X(large_block_bytes, gauge, "bytes in large blocks", s->totals.block)                 \
	X(large_blocks, gauge, "large blocks", s->totals.blocks)                              \
	X(cached_bytes, gauge, "bytes in the caches of threads", s->totals.cached)            \
	X(idle_bytes, gauge, "held bytes that can be given back", s->totals.idle)             \
	X(held_bytes, gauge, "bytes of Page A that hold memory", s->totals.held)              \
	X(page_a_bytes, gauge, "bytes of addresses in Page A", s->totals.page_a)              \
	X(page_b_bytes, gauge, "bytes of records in Page B", s->totals.page_b)                \
	X(resident_bytes, gauge, "resident bytes of the process", w->resident)                \
	X(arenas, gauge, "arenas", s->arena_count)                                            \
	X(thread_caches, gauge, "threads with a cache", s->cache_count)                       \
	X(slots_filled_total, counter, "slots that threads got from slabs",                   \
	  s->totals.slots_filled)                                                             \
	X(fills_total, counter, "times that threads came for slots", s->totals.fills)         \
	X(flushes_total, counter, "times that threads brought slots back", s->totals.flushes) \
	X(purges_total, counter, "times that memory was given back", s->header.purges)        \
	X(purged_bytes_total, counter, "bytes given back", s->header.purged_bytes)            \
	X(system_calls_total, counter, "system calls for memory", s->totals.system_calls)     \
	X(torn_reads, gauge, "parts that stayed torn in this reading", s->torn)

#define CLASS_VALUES(X)                                                                \
	X(class_live_slots, "live slots by size class", c->all.live)                   \
	X(class_cached_slots, "slots in threads' caches by size class", c->all.cached) \
	X(class_free_slots, "free slots by size class", c->all.free)                   \
	X(class_slab_bytes, "bytes of slabs by size class", c->bytes)                  \
	X(class_idle_bytes, "idle bytes of slabs by size class", c->all.idle_bytes)    \
	X(class_waste_bytes, "held bytes beyond the live slots by size class", class_waste(c))

#define X(name, type, help, value)                              \
	static uint64_t value_##name(const struct watched *w)   \
	{                                                       \
		const struct reader_snapshot *s = &w->snapshot; \
		(void)s;                                        \
		return value;                                   \
	}
PROCESS_VALUES(X)
#undef X

#define X(name, help, value)                                       \
	static uint64_t value_##name(const struct reader_class *c) \
	{                                                          \
		return value;                                      \
	}
CLASS_VALUES(X)
#undef X

static void prometheus_head(FILE *out, const char *name, const char *type, const char *text)
{
	fprintf(out, "# HELP halloc_%s %s\n# TYPE halloc_%s %s\n", name, text, name, type);
}

static void prometheus_process(FILE *out, const struct watch *watch, const char *name,
                               process_value value)
{
	for (size_t i = 0; i < watch->count; i++) {
		fprintf(out, "halloc_%s", name);
		labels(out, &watch->all[i]);
		fprintf(out, "} %" PRIu64 "\n", value(&watch->all[i]));
	}
}

static void prometheus_class(FILE *out, const struct watch *watch, const char *name,
                             class_value value)
{
	for (size_t i = 0; i < watch->count; i++) {
		const struct reader_snapshot *snapshot = &watch->all[i].snapshot;
		for (unsigned k = 0; k < snapshot->class_count; k++) {
			const struct reader_class *class = &snapshot->classes[k];
			if (class->slabs == 0)
				continue;
			fprintf(out, "halloc_%s", name);
			labels(out, &watch->all[i]);
			fprintf(out, ",slot_bytes=\"%u\"} %" PRIu64 "\n", class->slot_bytes,
			        value(class));
		}
	}
}

void top_text_prometheus(FILE *out, const struct watch *watch)
{
#define X(name, type, help, value)                \
	prometheus_head(out, #name, #type, help); \
	prometheus_process(out, watch, #name, value_##name);
	PROCESS_VALUES(X)
#undef X
#define X(name, help, value)                        \
	prometheus_head(out, #name, "gauge", help); \
	prometheus_class(out, watch, #name, value_##name);
	CLASS_VALUES(X)
#undef X
}
