/*
 * top_screen - the processes above, the parts of the chosen one's heap below.
 *
 *     title, totals
 *     PID COMMAND ...          a third of the window, scrolled so that the chosen one shows
 *     the bar of the chosen one
 *     its classes, arenas or caches
 *     keys
 *
 * Holds:  what is shown, and how.
 * Always: a picture is made whole, cut to the window, then written at once: what lies beyond the last column
 *         would be written over that, and what lies below the last row would scroll the rest away.
 */
#include "top_screen.h"
#include "terminal.h"
#include "top_text.h"
#include "totals.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DELAY_LEAST 0.1
#define DELAY_MOST  60.0

/* Rows that are always there: title, totals, two heads, the bar and its legend, two empty, keys. */
#define ROWS_FIXED 9u

enum view { VIEW_CLASSES, VIEW_ARENAS, VIEW_CACHES, VIEWS };

static const char *const view_names[VIEWS] = {"classes", "arenas", "threads' caches"};

struct screen {
	struct watch *watch;
	enum watch_key key;
	enum view view;
	double delay;
	pid_t chosen; /* 0: the first */
	bool help;
	bool utf8;
	struct terminal_size size;
	FILE *out;
};

/* Ends a line, and clears the next. Not the one it ends: in its last column that would take a character. */
#define NEXT_LINE  "\033[0m\r\n\033[K"
#define FIRST_LINE "\033[H\033[K"
#define BOLD       "\033[1m"
#define DIM        "\033[2m"
#define REVERSE    "\033[7m"
#define PLAIN      "\033[0m"

/* What a heap's memory is, in the colours of the map. */
static const struct part {
	const char *name;
	const char *colour;
	char letter;
} parts[] = {
        {"live", "\033[34m", '#'},  {"cached", "\033[36m", '+'},    {"idle", "\033[33m", '-'},
        {"slack", "\033[35m", '%'}, {"untouched", "\033[90m", '.'},
};
enum { PARTS = sizeof parts / sizeof *parts };

static size_t chosen_index(const struct screen *screen)
{
	for (size_t i = 0; i < screen->watch->count; i++)
		if (screen->watch->all[i].pid == screen->chosen)
			return i;
	return 0;
}

static void move(struct screen *screen, int step)
{
	size_t index = chosen_index(screen);

	if (screen->watch->count == 0)
		return;
	if (step < 0 && index > 0)
		index--;
	else if (step > 0 && index + 1 < screen->watch->count)
		index++;
	screen->chosen = screen->watch->all[index].pid;
}

static void draw_head(const struct screen *screen)
{
	const struct watch *watch = screen->watch;
	struct reader_totals sum = {0};
	char clock[16];
	time_t now = time(NULL);

	strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
	for (size_t i = 0; i < watch->count; i++) {
		sum.live += watch->all[i].snapshot.totals.live;
		sum.idle += watch->all[i].snapshot.totals.idle;
		sum.cached += watch->all[i].snapshot.totals.cached;
		sum.held += watch->all[i].snapshot.totals.held;
	}
	fprintf(screen->out,
	        BOLD "halloc top" PLAIN "  %s  every %g s, sorted by %s, %zu process%s", clock,
	        screen->delay, watch_key_names[screen->key], watch->count,
	        watch->count == 1 ? "" : "es");
	fputs(NEXT_LINE, screen->out);
	fprintf(screen->out, "together: live %s, held %s, idle %s, cached %s",
	        tool_bytes(sum.live).text, tool_bytes(sum.held).text, tool_bytes(sum.idle).text,
	        tool_bytes(sum.cached).text);
	if (watch->unreadable != 0)
		fprintf(screen->out, "; %u more may not be read", watch->unreadable);
	fputs(NEXT_LINE, screen->out);
}

/* A table's head, in reverse to the edge of the window. */
static void draw_title(const struct screen *screen, void (*title)(FILE *))
{
	fputs(REVERSE, screen->out);
	off_t start = ftello(screen->out);
	title(screen->out);
	off_t width = ftello(screen->out) - start;
	if (width < screen->size.columns)
		fprintf(screen->out, "%*s", (int)(screen->size.columns - width), "");
	fputs(NEXT_LINE, screen->out);
}

static unsigned rows_for_processes(const struct screen *screen)
{
	unsigned rows = screen->size.rows > ROWS_FIXED ? screen->size.rows - ROWS_FIXED : 1;
	unsigned third = rows / 3 == 0 ? 1 : rows / 3;

	return screen->watch->count < third ? (unsigned)screen->watch->count : third;
}

static void draw_processes(const struct screen *screen)
{
	const struct watch *watch = screen->watch;
	size_t rows = rows_for_processes(screen);
	size_t chosen = chosen_index(screen);
	size_t first = chosen < rows ? 0 : chosen - rows + 1;

	draw_title(screen, top_text_title);
	for (size_t i = first; i < first + rows && i < watch->count; i++) {
		fputs(i == chosen ? BOLD : "", screen->out);
		top_text_row(screen->out, &watch->all[i]);
		fputs(NEXT_LINE, screen->out);
	}
	if (watch->count == 0)
		fputs("no process that may be read runs under halloc; one that starts will show "
		      "here" NEXT_LINE,
		      screen->out);
}

/* A bar of width characters, shared out among the parts. */
static void draw_bar(const struct screen *screen, const struct reader_totals *totals)
{
	uint64_t slack = 0;
	uint64_t shares[PARTS] = {totals->live, totals->cached, totals->idle, 0, totals->untouched};
	unsigned width = screen->size.columns;
	uint64_t sum = 0;
	unsigned drawn = 0;

	/* Slack: free slots on OS pages that others use, and the ends of slabs. */
	if (totals->live + totals->cached + totals->idle < totals->held)
		slack = totals->held - totals->live - totals->cached - totals->idle;
	shares[3] = slack;
	for (unsigned i = 0; i < PARTS; i++) {
		sum += shares[i];
		unsigned end = totals->page_a == 0
		                       ? 0
		                       : (unsigned)((double)sum * width / (double)totals->page_a);
		fputs(parts[i].colour, screen->out);
		for (; drawn < end && drawn < width; drawn++)
			if (screen->utf8)
				fputs(i + 1 == PARTS ? "░" : "█", screen->out);
			else
				putc(parts[i].letter, screen->out);
	}
	fputs(NEXT_LINE, screen->out);
	for (unsigned i = 0; i < PARTS; i++)
		fprintf(screen->out, "%s%s" PLAIN " %s %s   ", parts[i].colour,
		        screen->utf8 ? "█" : (char[]){parts[i].letter, '\0'}, parts[i].name,
		        tool_bytes(shares[i]).text);
	fputs(NEXT_LINE, screen->out);
}

static void draw_classes(const struct screen *screen, const struct reader_snapshot *snapshot,
                         unsigned rows)
{
	const struct reader_class **classes;
	size_t count = totals_classes_by_live(snapshot, &classes);

	draw_title(screen, top_text_class_title);
	for (size_t i = 0; i < count && i < rows; i++) {
		top_text_class_row(screen->out, classes[i]);
		fputs(NEXT_LINE, screen->out);
	}
	free(classes);
}

static void draw_view(const struct screen *screen, const struct reader_snapshot *snapshot,
                      unsigned rows)
{
	if (screen->view == VIEW_CLASSES) {
		draw_classes(screen, snapshot, rows);
	} else if (screen->view == VIEW_ARENAS) {
		draw_title(screen, top_text_arena_title);
		for (unsigned i = 0; i < snapshot->arena_count && i < rows; i++) {
			top_text_arena_row(screen->out, &snapshot->arenas[i]);
			fputs(NEXT_LINE, screen->out);
		}
	} else {
		draw_title(screen, top_text_cache_title);
		for (size_t i = 0; i < snapshot->cache_count && i < rows; i++) {
			top_text_cache_row(screen->out, &snapshot->caches[i]);
			fputs(NEXT_LINE, screen->out);
		}
	}
}

static void draw_chosen(const struct screen *screen)
{
	const struct watched *watched = &screen->watch->all[chosen_index(screen)];
	unsigned used = ROWS_FIXED + rows_for_processes(screen);

	if (screen->watch->count == 0)
		return;
	fprintf(screen->out,
	        NEXT_LINE BOLD "%d %s" PLAIN ": %s of Page A, %s of it in %llu large block%s",
	        (int)watched->pid, watched->command,
	        tool_bytes(watched->snapshot.totals.page_a).text,
	        tool_bytes(watched->snapshot.totals.block).text,
	        (unsigned long long)watched->snapshot.totals.blocks,
	        watched->snapshot.totals.blocks == 1 ? "" : "s");
	if (watched->snapshot.torn != 0)
		fprintf(screen->out, "; %llu torn reads",
		        (unsigned long long)watched->snapshot.torn);
	fputs(NEXT_LINE, screen->out);
	draw_bar(screen, &watched->snapshot.totals);
	draw_view(screen, &watched->snapshot,
	          screen->size.rows > used ? screen->size.rows - used : 0);
}

/* What a small window has no room for stands last. */
static const char help[] =
        "sort by  l live  h held  i idle  c cached  r rss  a slots/s  p pid  n name" NEXT_LINE
        "choose   up, down, or k, j" NEXT_LINE
        "below    Tab: classes, arenas, threads' caches" NEXT_LINE
        "pace     + faster  - slower  space now" NEXT_LINE "leave    q" NEXT_LINE NEXT_LINE
        "LIVE     bytes in slots and large blocks that the program holds" NEXT_LINE
        "HELD     bytes of Page A that are in memory: live, cached, idle, slack" NEXT_LINE
        "IDLE     of these, whole OS pages without a slot in use: trim gives them back" NEXT_LINE
        "CACHED   bytes in the threads' caches, or on their way home from these" NEXT_LINE
        "RSS      resident bytes of the whole process, as the system counts" NEXT_LINE
        "SLOTS/S  slots that the caches got from slabs; what the caches serve is not seen" NEXT_LINE
        "WASTE B  what slabs of a class hold in memory beyond their live slots" NEXT_LINE;

/* The bytes of the escape sequence that starts here; 0 where there is none. */
static size_t sequence_bytes(const char *text)
{
	size_t bytes = 2;

	if (text[0] != '\033' || text[1] == '\0')
		return 0;
	while (text[bytes] != '\0' && text[bytes] < '@')
		bytes++;
	return bytes + (text[bytes] != '\0');
}

/* Writes what of a text shows in so many columns and rows. */
static void write_cut(FILE *out, const char *text, unsigned columns, unsigned rows)
{
	unsigned column = 0;

	while (*text != '\0' && rows > 0) {
		size_t bytes = sequence_bytes(text);
		if (*text == '\n' && --rows == 0)
			return;
		if (*text == '\n')
			column = 0;
		else if (bytes == 0 && *text != '\r' && !utf8_continues(*text))
			column++;
		bytes = bytes == 0 ? 1 : bytes;
		if (bytes > 1 || column <= columns)
			fwrite(text, 1, bytes, out);
		text += bytes;
	}
}

/* Runs a function that draws, and writes what it drew, cut. */
static void draw_cut(struct screen *screen, void (*part)(const struct screen *), unsigned rows)
{
	FILE *whole = screen->out;
	char *text;
	size_t bytes;

	screen->out = tool_text_stream(&text, &bytes);
	part(screen);
	fclose(screen->out);
	screen->out = whole;
	write_cut(whole, text, screen->size.columns, rows);
	free(text);
}

static void draw_body(const struct screen *screen)
{
	if (screen->help) {
		fputs(help, screen->out);
	} else {
		draw_head(screen);
		draw_processes(screen);
		draw_chosen(screen);
	}
	fputs("\033[J", screen->out);
}

static void draw_keys(const struct screen *screen)
{
	if (screen->help)
		fputs(DIM "any key ends this help" PLAIN, screen->out);
	else
		fprintf(screen->out,
		        DIM "q quit  Tab %s  lhicrapn sort  up down choose  + - pace  ? help" PLAIN,
		        view_names[(screen->view + 1) % VIEWS]);
}

static void draw(struct screen *screen)
{
	char *text;
	size_t bytes;

	screen->size = terminal_size(STDOUT_FILENO);
	screen->out = tool_text_stream(&text, &bytes);
	fputs(FIRST_LINE, screen->out);
	draw_cut(screen, draw_body, screen->size.rows - 1);
	fprintf(screen->out, "\033[0m\033[%u;1H\033[K", screen->size.rows);
	draw_cut(screen, draw_keys, 1);
	fclose(screen->out);
	for (size_t done = 0; done < bytes;) {
		ssize_t written = write(STDOUT_FILENO, text + done, bytes - done);
		if (written < 0)
			break;
		done += (size_t)written;
	}
	free(text);
}

static void pace(struct screen *screen, double factor)
{
	screen->delay *= factor;
	if (screen->delay < DELAY_LEAST)
		screen->delay = DELAY_LEAST;
	if (screen->delay > DELAY_MOST)
		screen->delay = DELAY_MOST;
}

/* Does what a key asks for. Returns: false when it is to quit. */
static bool obey(struct screen *screen, int key)
{
	static const char sort_keys[WATCH_KEYS + 1] = "lhicrapn";
	const char *found = key > 0 && key < 128 ? strchr(sort_keys, key) : NULL;

	if (screen->help) {
		screen->help = false;
		return key != 'q';
	}
	if (found != NULL)
		screen->key = (enum watch_key)(found - sort_keys);
	else if (key == '\t')
		screen->view = (screen->view + 1) % VIEWS;
	else if (key == TERMINAL_UP || key == 'k')
		move(screen, -1);
	else if (key == TERMINAL_DOWN || key == 'j')
		move(screen, 1);
	else if (key == '+' || key == '-')
		pace(screen, key == '+' ? 0.5 : 2);
	else if (key == '?')
		screen->help = true;
	return key != 'q' && key != 'Q';
}

/* Waits for the next look. Returns: false when it is to quit. */
static bool wait(struct screen *screen)
{
	double end = tool_now_seconds() + screen->delay;

	for (;;) {
		double left = end - tool_now_seconds();
		int key = terminal_key(left > 0 ? left : 0);
		if (key == TERMINAL_NONE || key == ' ')
			return true;
		if (key != TERMINAL_REDRAW && !obey(screen, key))
			return false;
		if (key == '+' || key == '-' || (key > 0 && key < 128 && strchr("lhicrapn", key)))
			return true;
		draw(screen);
	}
}

void top_screen_run(struct watch *watch, enum watch_key key, double delay)
{
	struct screen screen = {
	        .watch = watch, .key = key, .delay = delay, .utf8 = terminal_is_utf8()};

	terminal_open();
	do {
		watch_update(watch, screen.key);
		struct tool_error last = {"no process is left"};
		for (size_t i = 0; i < watch->count; i++)
			if (watch->all[i].gone)
				last = watch->all[i].error;
		watch_forget_gone(watch);
		if (watch->count == 0 && !watch->everything) {
			terminal_close();
			tool_die("%s", last.text);
		}
		draw(&screen);
	} while (wait(&screen));
	terminal_close();
}
