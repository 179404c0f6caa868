/*
 * map_svg - the map as one picture, for light and dark backgrounds.
 *
 *     title                                   size of Page A
 *     the bar of all states, and their words
 *     tiles: each of them four lines, each line of the state that most of it has
 *     by size class: live, and beyond it      what hdefrag would give back
 *
 * Holds:  nothing.
 * Always: the text is escaped; lines alike in a tile are one rectangle, all of a state one path.
 */
#include "map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   960
#define MARGIN  28
#define INNER   (WIDTH - 2 * MARGIN)
#define COLUMNS 80u
#define ROWS    32u
#define LINES   4u
#define TILE    11.3 /* from one tile to the next: COLUMNS of them are INNER wide */
#define GAP     1.1

#define BAR_TOP    82
#define BAR_HEIGHT 14
#define MAP_TOP    140
#define LOWER      196 /* height of what stands below the map */

/* The least height that is drawn, and that live memory has. */
#define COLUMN_LEAST 0.7

static void text_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<' || *text == '>' || *text == '&')
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}

static void style_write(FILE *out)
{
	fputs("<style>\n"
	      "text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;"
	      "font-size:13px;fill:#16202e}\n"
	      ".h{font-size:22px;font-weight:650}.b{font-size:15px;font-weight:650}"
	      ".n{font-size:28px;font-weight:680}.s{fill:#5a677a}.t{font-size:11px;fill:#5a677a}"
	      ".e{text-anchor:end}.m{text-anchor:middle}.bg{fill:#f8fafc}.ln{stroke:#e1e6ee}\n",
	      out);
	for (unsigned state = 0; state < MAP_STATES; state++)
		fprintf(out, ".c%u{fill:%s}", state, map_styles[state].light);
	fputs("\n@media (prefers-color-scheme:dark){text{fill:#e8edf5}.s,.t{fill:#93a1b5}"
	      ".bg{fill:#0f151e}.ln{stroke:#243042}\n",
	      out);
	for (unsigned state = 0; state < MAP_STATES; state++)
		fprintf(out, ".c%u{fill:%s}", state, map_styles[state].dark);
	fputs("}\n</style>\n", out);
}

static void rectangle(FILE *out, unsigned state, double x, double y, double width, double height)
{
	fprintf(out, "<rect class=\"c%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
	        state, x, y, width, height);
}

/* A bar from shares of the states, total wide. */
static void bar(FILE *out, const uint64_t shares[MAP_STATES], double x, double y, double width,
                uint64_t total)
{
	for (unsigned state = 0; state < MAP_STATES && total != 0; state++) {
		double part = width * (double)shares[state] / (double)total;
		if (part <= 0)
			continue;
		rectangle(out, state, x, y, part, BAR_HEIGHT);
		x += part;
	}
}

static void title(FILE *out, const struct source *source, const struct reader_snapshot *snapshot)
{
	fprintf(out, "<text class=\"h\" x=\"%d\" y=\"42\">Heap of ", MARGIN);
	text_escaped(out, source_command(source));
	fprintf(out,
	        "</text>\n<text class=\"s\" x=\"%d\" y=\"65\">Page A, %s, in the order of "
	        "addresses: %" PRIu64 " live slots in %zu slabs, %" PRIu64 " large blocks</text>\n",
	        MARGIN, tool_bytes(snapshot->totals.page_a).text, snapshot->totals.live_slots,
	        snapshot->slab_count, snapshot->totals.blocks);
}

static void legend(FILE *out, const uint64_t sums[MAP_STATES])
{
	double x = MARGIN;

	for (unsigned state = 0; state < MAP_STATES; state++) {
		if (sums[state] == 0)
			continue;
		rectangle(out, state, x, BAR_TOP + 25, 10, 10);
		fprintf(out, "<text x=\"%.1f\" y=\"%d\">%s <tspan class=\"s\">%s</tspan></text>\n",
		        x + 15, BAR_TOP + 34, map_styles[state].name, tool_bytes(sums[state]).text);
		x += 118;
	}
}

/* The lines of a tile that are of one state, as a part of that state's path. */
static void tile(FILE *out, const struct map_picture *picture, size_t number, unsigned wanted)
{
	double x = MARGIN + (double)(number % COLUMNS) * TILE;
	double y = MAP_TOP + (double)(number / COLUMNS) * TILE;
	double side = TILE - GAP;

	for (unsigned line = 0; line < LINES;) {
		unsigned end = line;
		while (end < LINES && number * LINES + end < picture->count &&
		       map_part_state(&picture->parts[number * LINES + end]) == wanted)
			end++;
		if (end > line)
			fprintf(out, "M%.1f %.1fh%.1fv%.2fh-%.1fz", x, y + line * side / LINES,
			        side, (end - line) * side / LINES, side);
		line = end == line ? line + 1 : end;
	}
}

static void map(FILE *out, const struct map_picture *picture)
{
	size_t tiles = (picture->count + LINES - 1) / LINES;

	for (unsigned state = 0; state < MAP_STATES; state++) {
		fprintf(out, "<path class=\"c%u\" d=\"", state);
		for (size_t number = 0; number < tiles; number++)
			tile(out, picture, number, state);
		fputs("\"/>\n", out);
	}
}

/* --- Below the map ------------------------------------------------------------------------------ */

/* What the slabs of a class hold in memory, by state. Returns: all of it. */
static uint64_t class_shares(const struct reader_class *class, uint64_t shares[MAP_STATES])
{
	uint64_t held = class->bytes - class->all.untouched_bytes;

	memset(shares, 0, MAP_STATES * sizeof *shares);
	shares[MAP_LIVE] = class->all.live * class->slot_bytes;
	shares[MAP_CACHED] = class->all.cached * class->slot_bytes;
	shares[MAP_IDLE] = class->all.idle_bytes;
	uint64_t told = shares[MAP_LIVE] + shares[MAP_CACHED] + shares[MAP_IDLE];
	shares[MAP_FREE] = told < held ? held - told : 0;
	return told < held ? held : told;
}

/* A column of the histogram, from the base upwards. */
static void column(FILE *out, const uint64_t shares[MAP_STATES], double x, double base,
                   double width, double unit)
{
	for (unsigned state = 0; state < MAP_STATES; state++) {
		double part = (double)shares[state] * unit;
		if (part < COLUMN_LEAST)
			part = state == MAP_LIVE && shares[state] != 0 ? COLUMN_LEAST : 0;
		if (part == 0)
			continue;
		base -= part;
		rectangle(out, state, x, base, width, part);
	}
}

static void histogram(FILE *out, const struct reader_snapshot *snapshot, double top)
{
	double width = INNER / 2.0 - 20;
	double height = LOWER - 90;
	double base = top + 44 + height;
	uint64_t shares[MAP_STATES];
	uint64_t most = 1;
	unsigned used = 0;
	unsigned drawn = 0;

	for (unsigned i = 0; i < snapshot->class_count; i++) {
		uint64_t held = class_shares(&snapshot->classes[i], shares);
		used += snapshot->classes[i].slabs != 0;
		most = held > most ? held : most;
	}
	fprintf(out,
	        "<text class=\"b\" x=\"%d\" y=\"%.0f\">Memory by size class</text>\n"
	        "<text class=\"t e\" x=\"%.0f\" y=\"%.0f\">tallest: %s</text>\n",
	        MARGIN, top + 20, MARGIN + width, top + 20, tool_bytes(most).text);
	for (unsigned i = 0; i < snapshot->class_count; i++) {
		const struct reader_class *class = &snapshot->classes[i];
		if (class->slabs == 0)
			continue;
		double step = width / used;
		double x = MARGIN + step * drawn;
		class_shares(class, shares);
		column(out, shares, x, base, step * 0.8, height / (double)most);
		if (drawn % (used / 8 + 1) == 0)
			fprintf(out, "<text class=\"t m\" x=\"%.1f\" y=\"%.0f\">%u</text>\n",
			        x + step * 0.4, base + 16, class->slot_bytes);
		drawn++;
	}
	fprintf(out, "<path class=\"ln\" d=\"M%d %.1fh%.1f\"/>\n", MARGIN, base + 0.5, width);
}

static void defrag(FILE *out, const struct reader_snapshot *snapshot,
                   const uint64_t sums[MAP_STATES], double top)
{
	double x = MARGIN + INNER / 2.0 + 20;
	double width = INNER / 2.0 - 20;
	const struct reader_totals *totals = &snapshot->totals;
	uint64_t parts[MAP_STATES] = {0};
	uint64_t held = 0;

	for (unsigned state = MAP_LIVE; state <= MAP_IDLE; state++) {
		parts[state] = sums[state];
		held += sums[state];
	}
	fprintf(out,
	        "<text class=\"b\" x=\"%.0f\" y=\"%.0f\">What hdefrag would give back</text>\n"
	        "<text class=\"n\" x=\"%.0f\" y=\"%.0f\">%s</text>\n",
	        x, top + 20, x, top + 58, tool_bytes(totals->idle).text);
	for (unsigned after = 0; after < 2; after++) {
		double y = top + 78 + after * 28;
		fprintf(out, "<text class=\"s\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", x, y + 12,
		        after ? "after" : "now");
		bar(out, parts, x + 50, y, width - 110, held);
		fprintf(out, "<text class=\"e\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", x + width,
		        y + 12, tool_bytes(after ? held - sums[MAP_IDLE] : held).text);
		parts[MAP_IDLE] = 0;
	}
	fprintf(out,
	        "<text class=\"s\" x=\"%.0f\" y=\"%.0f\">Whole OS pages without a slot in use, "
	        "also "
	        "inside slabs.</text>\n",
	        x, top + 152);
}

void map_svg(FILE *out, const struct source *source, const struct reader_snapshot *snapshot)
{
	struct map_picture picture = map_picture_new(snapshot, (size_t)COLUMNS * ROWS * LINES);
	size_t tiles = (picture.count + LINES - 1) / LINES;
	double lower = MAP_TOP + (double)((tiles + COLUMNS - 1) / COLUMNS) * TILE + 12;
	uint64_t sums[MAP_STATES];
	uint64_t total = 0;

	map_sum(&picture, sums);
	for (unsigned state = 0; state < MAP_STATES; state++)
		total += sums[state];
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
	        "height=\"%.0f\" style=\"max-width:100%%;height:auto\" role=\"img\" "
	        "aria-label=\"Map of a heap\">\n",
	        WIDTH, lower + LOWER, WIDTH, lower + LOWER);
	style_write(out);
	fputs("<rect class=\"bg\" width=\"100%\" height=\"100%\" rx=\"14\"/>\n", out);
	title(out, source, snapshot);
	bar(out, sums, MARGIN, BAR_TOP, INNER, total);
	legend(out, sums);
	map(out, &picture);
	histogram(out, snapshot, lower);
	defrag(out, snapshot, sums, lower);
	fprintf(out,
	        "<text class=\"t e\" x=\"%d\" y=\"%.0f\">a tile is %s; its lines are a quarter of "
	        "it</text>\n</svg>\n",
	        WIDTH - MARGIN, lower + LOWER - 14, tool_bytes(picture.part_bytes * LINES).text);
	free(picture.parts);
}
