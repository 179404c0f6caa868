/*
 * map_text - the map of Page A in characters.
 *
 * With colours and UTF-8, a character shows two parts, one above the other; a part's colour is mixed of
 * those of its states. Without, a part is the letter of the state that most of it has.
 *
 * Holds:  nothing.
 * Always: no line is longer than the columns given, words apart that are; all of it fits the rows given, where
 *         they hold more than title and legend.
 */
#include "map.h"
#include "totals.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A size that takes as many characters as any. */
#define WIDEST_BYTES ((uint64_t)25 << 19)

/* Enough letters for classes: the 62 first; further ones share the last. */
static const char class_letters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct colour {
	unsigned red, green, blue;
};

static struct colour colour_parse(const char *text)
{
	unsigned long value = strtoul(text + 1, NULL, 16);

	return (struct colour){(unsigned)(value >> 16) & 255, (unsigned)(value >> 8) & 255,
	                       (unsigned)value & 255};
}

/* A colour wheel in steps of the golden angle: neighbouring classes differ most. */
static struct colour class_colour(unsigned sizeclass)
{
	double hue = (double)(sizeclass * 137u % 360u) / 60;
	double x = hue - (double)(int)(hue / 2) * 2 - 1;
	double level = 1 - (x < 0 ? -x : x);
	unsigned most = 235;
	unsigned least = 70;
	unsigned middle = least + (unsigned)(level * (most - least));

	switch ((int)hue) {
	case 0:
		return (struct colour){most, middle, least};
	case 1:
		return (struct colour){middle, most, least};
	case 2:
		return (struct colour){least, most, middle};
	case 3:
		return (struct colour){least, middle, most};
	case 4:
		return (struct colour){middle, least, most};
	default:
		return (struct colour){most, least, middle};
	}
}

static struct colour part_colour(const struct map_part *part, bool by_class)
{
	struct colour sum = {0, 0, 0};
	uint64_t bytes = map_part_bytes(part);

	if (bytes == 0)
		return sum;
	for (unsigned state = 0; state < MAP_STATES; state++) {
		unsigned percent = (unsigned)(part->bytes[state] * 100 / bytes);
		struct colour colour = colour_parse(map_styles[state].dark);
		if (by_class && state == MAP_LIVE && part->sizeclass != MAP_NO_CLASS)
			colour = class_colour(part->sizeclass);
		sum.red += colour.red * percent;
		sum.green += colour.green * percent;
		sum.blue += colour.blue * percent;
	}
	return (struct colour){sum.red / 100, sum.green / 100, sum.blue / 100};
}

static void set_colour(FILE *out, bool background, struct colour colour)
{
	fprintf(out, "\033[%d;2;%u;%u;%um", background ? 48 : 38, colour.red, colour.green,
	        colour.blue);
}

static char class_letter(unsigned sizeclass)
{
	size_t last = sizeof class_letters - 2;

	return class_letters[sizeclass < last ? sizeclass : last];
}

static char part_letter(const struct map_part *part, bool by_class)
{
	enum map_state state = map_part_state(part);

	if (!by_class || state != MAP_LIVE || part->sizeclass == MAP_NO_CLASS)
		return map_styles[state].letter;
	return class_letter(part->sizeclass);
}

static void draw_plain(FILE *out, const struct map_picture *picture,
                       const struct map_text_options *options)
{
	for (size_t i = 0; i < picture->count; i++) {
		if (options->colour)
			set_colour(out, false, part_colour(&picture->parts[i], options->by_class));
		putc(part_letter(&picture->parts[i], options->by_class), out);
		if ((i + 1) % options->columns == 0 || i + 1 == picture->count)
			fputs(options->colour ? "\033[0m\n" : "\n", out);
	}
}

static bool has_halves(const struct map_text_options *options)
{
	return options->colour && options->utf8;
}

/* Two rows of parts a line of characters. */
static void draw_halves(FILE *out, const struct map_picture *picture,
                        const struct map_text_options *options)
{
	size_t columns = options->columns;

	for (size_t row = 0; row * columns < picture->count; row += 2) {
		for (size_t i = row * columns; i < (row + 1) * columns && i < picture->count; i++) {
			set_colour(out, false, part_colour(&picture->parts[i], options->by_class));
			if (i + columns < picture->count)
				set_colour(out, true,
				           part_colour(&picture->parts[i + columns],
				                       options->by_class));
			else
				fputs("\033[49m", out);
			fputs("▀", out);
		}
		fputs("\033[0m\n", out);
	}
}

/* --- Words -------------------------------------------------------------------------------------- */

static unsigned characters(const char *text, size_t bytes)
{
	unsigned count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += !utf8_continues(text[i]);
	return count;
}

/* Writes a text as lines, broken between words. */
static void put_lines(FILE *out, const char *text, unsigned columns)
{
	unsigned column = 0;

	while (*text != '\0') {
		size_t bytes = strcspn(text, " ");
		unsigned width = characters(text, bytes);
		if (column != 0) {
			bool fits = column + 1 + width <= columns;
			putc(fits ? ' ' : '\n', out);
			column = fits ? column + 1 : 0;
		}
		fwrite(text, 1, bytes, out);
		column += width;
		text += bytes + strspn(text + bytes, " ");
	}
	putc('\n', out);
}

static void title(FILE *out, const struct source *source, const struct reader_snapshot *snapshot,
                  uint64_t part_bytes, const struct map_text_options *options)
{
	const struct reader_totals *totals = &snapshot->totals;
	char words[256];
	size_t used;

	snprintf(words, sizeof words, "%s %d (%s): Page A %s at 0x%" PRIx64 ", live %s",
	         source_is_core(source) ? "core of" : "process", (int)source_pid(source),
	         source_command(source), tool_bytes(totals->page_a).text, snapshot->base,
	         tool_bytes(totals->live).text);
	put_lines(out, words, options->columns);
	used = (size_t)snprintf(words, sizeof words, "hdefrag would give back %s; %s is %s",
	                        tool_bytes(totals->idle).text,
	                        has_halves(options) ? "half a character" : "a character",
	                        tool_bytes(part_bytes).text);
	if (snapshot->torn != 0)
		snprintf(words + used, sizeof words - used, "; %" PRIu64 " parts stayed torn",
		         snapshot->torn);
	put_lines(out, words, options->columns);
}

/* One entry of the legend; breaks the line where it does not fit. */
static void legend_entry(FILE *out, const struct map_text_options *options, unsigned *column,
                         struct colour colour, const char *mark, const char *words)
{
	unsigned width = (unsigned)strlen(words) + 2;

	if (*column != 0) {
		bool fits = *column + 2 + width <= options->columns;
		fputs(fits ? "  " : "\n", out);
		*column = fits ? *column + 2 : 0;
	}
	if (options->colour)
		set_colour(out, false, colour);
	fprintf(out, "%s%s %s", mark, options->colour ? "\033[0m" : "", words);
	*column += width;
}

static void legend_states(FILE *out, const struct map_text_options *options,
                          const struct reader_snapshot *snapshot, unsigned *column)
{
	struct map_picture whole = map_picture_new(snapshot, 1);
	uint64_t sums[MAP_STATES];
	char words[64];

	map_sum(&whole, sums);
	free(whole.parts);
	for (unsigned state = 0; state < MAP_STATES; state++) {
		const struct map_style *style = &map_styles[state];
		char letter[2] = {style->letter, '\0'};
		if (sums[state] == 0 || (options->by_class && state == MAP_LIVE))
			continue;
		snprintf(words, sizeof words, "%s %s", style->name, tool_bytes(sums[state]).text);
		legend_entry(out, options, column, colour_parse(style->dark),
		             options->colour && options->utf8 ? "■" : letter, words);
	}
}

/* The classes with the most live bytes: as many as fit a line or two. */
static void legend_classes(FILE *out, const struct map_text_options *options,
                           const struct reader_snapshot *snapshot, unsigned *column)
{
	const struct reader_class **classes;
	size_t count = totals_classes_by_live(snapshot, &classes);
	size_t most = options->columns / 12;
	char words[64];

	for (size_t i = 0; i < count && i < most; i++) {
		unsigned number = (unsigned)(classes[i] - snapshot->classes);
		char letter[2] = {class_letter(number), '\0'};
		if (classes[i]->all.live == 0)
			break;
		snprintf(words, sizeof words, "%u B", classes[i]->slot_bytes);
		legend_entry(out, options, column, class_colour(number),
		             options->colour && options->utf8 ? "■" : letter, words);
	}
	free(classes);
}

static void legend(FILE *out, const struct map_text_options *options,
                   const struct reader_snapshot *snapshot)
{
	unsigned column = 0;

	if (options->by_class)
		legend_classes(out, options, snapshot, &column);
	legend_states(out, options, snapshot, &column);
	fputs("\n", out);
}

static unsigned lines_in(const char *text)
{
	unsigned lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* The rows that title and legend, and the line of a shell behind them, leave for the picture. */
static unsigned rows_left(const struct source *source, const struct reader_snapshot *snapshot,
                          const struct map_text_options *options, const char *legend_text)
{
	char *text;
	size_t bytes;
	FILE *stream = tool_text_stream(&text, &bytes);

	title(stream, source, snapshot, WIDEST_BYTES, options);
	fclose(stream);
	unsigned lines = lines_in(text) + lines_in(legend_text) + 1;
	free(text);
	return options->rows > lines ? options->rows - lines : 1;
}

void map_text(FILE *out, const struct source *source, const struct reader_snapshot *snapshot,
              const struct map_text_options *options)
{
	char *legend_text;
	size_t bytes;
	FILE *stream = tool_text_stream(&legend_text, &bytes);

	legend(stream, options, snapshot);
	fclose(stream);
	unsigned rows = rows_left(source, snapshot, options, legend_text);
	if (has_halves(options))
		rows *= 2;
	struct map_picture picture = map_picture_new(snapshot, (size_t)options->columns * rows);

	title(out, source, snapshot, picture.part_bytes, options);
	if (has_halves(options))
		draw_halves(out, &picture, options);
	else
		draw_plain(out, &picture, options);
	fputs(legend_text, out);
	free(legend_text);
	free(picture.parts);
}
