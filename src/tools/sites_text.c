/*
 * sites_text - which code holds the memory, in characters.
 *
 * Holds:  nothing.
 * Always: the sampled blocks are exact, and so are the calls; only what they stand for is an estimate.
 */
#include "sites_text.h"

#include <inttypes.h>
#include <string.h>

/* --- What is missing ------------------------------------------------------------------------------ */

bool sites_text_missing(FILE *out, const struct sites *sites)
{
	if (sites->missed != 0)
		fprintf(out,
		        "not all is seen: only %" PRIu64
		        " sampled blocks may be live at a time, and "
		        "%" PRIu64 " more had no room; a larger HALLOC_SAMPLE has room for all\n",
		        sites->blocks_max, sites->missed);
	if (sites->torn != 0)
		fprintf(out, "%" PRIu64 " blocks could not be told\n", sites->torn);
	return sites->missed != 0 || sites->torn != 0;
}

/* Whether there may be calls beyond those that were taken: not where a program or a thread starts. */
static bool is_cut(const struct site *site, struct symbols *symbols)
{
	if (site->frame_count < BACKTRACE_FRAMES)
		return false;
	const char *function = symbols_find(symbols, site->frames[BACKTRACE_FRAMES - 1]).function;
	return function == NULL ||
	       (strcmp(function, "_start") != 0 && strcmp(function, "clone") != 0 &&
	        strcmp(function, "clone3") != 0);
}

/* --- A table -------------------------------------------------------------------------------------- */

static void place_write(FILE *out, const struct symbols_place *place)
{
	if (place->function != NULL)
		fprintf(out, "%s (", place->function);
	if (place->name != NULL)
		fprintf(out, "%s+", place->name);
	fprintf(out, "0x%" PRIx64 "%s\n", place->offset, place->function != NULL ? ")" : "");
}

static void table_site(FILE *out, const struct sites *sites, const struct site *site,
                       struct symbols *symbols)
{
	fprintf(out, "%7s %7s %7" PRIu64 "  ", tool_bytes(sites_estimate(sites, site->bytes)).text,
	        tool_count((double)sites_estimate(sites, site->blocks)).text, site->blocks);
	if (site->frame_count == 0)
		fputs("(no stack)\n", out);
	for (unsigned i = 0; i < site->frame_count; i++) {
		struct symbols_place place = symbols_find(symbols, site->frames[i]);
		fprintf(out, "%*s", i == 0 ? 0 : 25, "");
		place_write(out, &place);
	}
	if (is_cut(site, symbols))
		fprintf(out, "%*s...\n", 25, "");
}

static void table_title(FILE *out, const struct source *source, const struct sites *sites)
{
	fprintf(out,
	        "%s %d (%s): live %s; by the %" PRIu64 " sampled blocks, one in %" PRIu64
	        ", %s in %s blocks\n",
	        source_is_core(source) ? "core of" : "process", (int)source_pid(source),
	        source_command(source), tool_bytes(sites->live_bytes).text, sites->blocks,
	        sites->one_in, tool_bytes(sites_estimate(sites, sites->bytes)).text,
	        tool_count((double)sites_estimate(sites, sites->blocks)).text);
	sites_text_missing(out, sites);
}

void sites_text_table(FILE *out, const struct source *source, const struct sites *sites,
                      struct symbols *symbols, size_t limit)
{
	uint64_t rest = 0;

	table_title(out, source, sites);
	fprintf(out, "%7s %7s %7s  CALLS, THE INNERMOST FIRST\n", "BYTES", "BLOCKS", "SAMPLED");
	for (size_t i = 0; i < sites->count; i++) {
		if (i < limit)
			table_site(out, sites, &sites->all[i], symbols);
		else
			rest += sites->all[i].bytes;
	}
	if (sites->count > limit)
		fprintf(out, "%7s in %zu more; --limit shows them\n",
		        tool_bytes(sites_estimate(sites, rest)).text, sites->count - limit);
}

/* --- Folded stacks -------------------------------------------------------------------------------- */

/* A frame of a stack that is one line, in which a semicolon divides. */
static void frame_write(FILE *out, const struct symbols_place *place)
{
	const char *text = place->function != NULL ? place->function : place->name;

	for (; text != NULL && *text != '\0'; text++)
		putc(*text == ';' ? ':' : *text, out);
	if (place->function == NULL)
		fprintf(out, "%s0x%" PRIx64, place->name != NULL ? "+" : "", place->offset);
}

void sites_text_folded(FILE *out, const struct source *source, const struct sites *sites,
                       struct symbols *symbols, size_t limit)
{
	(void)source;
	for (size_t i = 0; i < sites->count && i < limit; i++) {
		const struct site *site = &sites->all[i];
		fputs(is_cut(site, symbols)    ? "...;"
		      : site->frame_count == 0 ? "(no stack)"
		                               : "",
		      out);
		for (unsigned frame = site->frame_count; frame-- > 0;) {
			struct symbols_place place = symbols_find(symbols, site->frames[frame]);
			frame_write(out, &place);
			if (frame != 0)
				putc(';', out);
		}
		fprintf(out, " %" PRIu64 "\n", sites_estimate(sites, site->bytes));
	}
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void json_text(FILE *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	fprintf(out, ",\"%s\":", name);
	tool_json_string(out, text);
}

static void json_site(FILE *out, const struct sites *sites, const struct site *site,
                      struct symbols *symbols)
{
	fprintf(out,
	        "{\"bytes\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"sampled_bytes\":%" PRIu64
	        ",\"sampled_blocks\":%" PRIu64 ",\"cut\":%s,\"calls\":[",
	        sites_estimate(sites, site->bytes), sites_estimate(sites, site->blocks),
	        site->bytes, site->blocks, is_cut(site, symbols) ? "true" : "false");
	for (unsigned i = 0; i < site->frame_count; i++) {
		struct symbols_place place = symbols_find(symbols, site->frames[i]);
		fprintf(out, "%s\n   {\"offset\":%" PRIu64, i == 0 ? "" : ",", place.offset);
		json_text(out, "file", place.path);
		json_text(out, "function", place.function);
		putc('}', out);
	}
	fputs("]}", out);
}

void sites_text_json(FILE *out, const struct source *source, const struct sites *sites,
                     struct symbols *symbols, size_t limit)
{
	fprintf(out, "{\"pid\":%d,\"command\":", (int)source_pid(source));
	tool_json_string(out, source_command(source));
	fprintf(out,
	        ",\n \"live_bytes\":%" PRIu64 ",\n \"sample_one_in\":%" PRIu64
	        ",\n \"sampled_blocks\":%" PRIu64 ",\n \"sampled_bytes\":%" PRIu64
	        ",\n \"sampled_blocks_max\":%" PRIu64 ",\n \"samples_missed\":%" PRIu64
	        ",\n \"torn_reads_left\":%" PRIu64 ",\n \"sites\":[",
	        sites->live_bytes, sites->one_in, sites->blocks, sites->bytes, sites->blocks_max,
	        sites->missed, sites->torn);
	for (size_t i = 0; i < sites->count && i < limit; i++) {
		fputs(i == 0 ? "\n  " : ",\n  ", out);
		json_site(out, sites, &sites->all[i], symbols);
	}
	fputs("]}\n", out);
}
