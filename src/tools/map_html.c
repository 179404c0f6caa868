/*
 * map_html - the page: map.html, with the heap's data set into it.
 *
 * The data is one JSON object. A slab's slots are a string: of runs, 'l' then, for each run, one of
 * w (untouched), x (live), y (cached), z (idle) and its length; or, where that is shorter, of slots,
 * 'r' then a character for three slots, two bits each, the first lowest.
 *
 * Holds:  the text of map.html.
 * Always: the page needs nothing but itself.
 */
#include "map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the slots of all slabs may take in the page; beyond, slabs are shown by their counts. */
#define SLOTS_BYTES_MAX ((size_t)48 << 20)

#define SLOTS_A_CHARACTER 3
#define BITS_A_SLOT       2

/* map.html, as it is. */
__asm__(".pushsection .rodata\n"
        "map_page: .incbin \"src/tools/map.html\"\n"
        "map_page_end: .byte 0\n"
        ".popsection\n");
extern const char map_page[];
extern const char map_page_end[];

/* Where the data goes in map.html. */
static const char place[] = "{\"data\":\"here\"}";

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *runs_encode(char *to, const char *end, const uint8_t *states, unsigned slots)
{
	*to++ = 'l';
	for (unsigned i = 0; i < slots;) {
		unsigned run = i;
		while (run < slots && states[run] == states[i])
			run++;
		if (end - to < 16)
			return NULL;
		to += sprintf(to, "%c%u", 'w' + states[i], run - i);
		i = run;
	}
	return to;
}

static char *slots_encode(char *to, const uint8_t *states, unsigned slots)
{
	*to++ = 'r';
	for (unsigned i = 0; i < slots; i += SLOTS_A_CHARACTER) {
		unsigned bits = 0;
		for (unsigned k = 0; k < SLOTS_A_CHARACTER && i + k < slots; k++)
			bits |= (unsigned)states[i + k] << k * BITS_A_SLOT;
		*to++ = alphabet[bits];
	}
	return to;
}

/* Writes the shorter form. Returns: its length. */
static size_t slots_write(FILE *out, const uint8_t *states, unsigned slots)
{
	size_t room = slots / SLOTS_A_CHARACTER + 32;
	char *text = tool_new(room, 1);
	char *end = runs_encode(text, text + slots / SLOTS_A_CHARACTER, states, slots);

	if (end == NULL)
		end = slots_encode(text, states, slots);
	size_t length = (size_t)(end - text);
	fwrite(text, 1, length, out);
	free(text);
	return length;
}

static void write_totals(FILE *out, const struct reader_snapshot *snapshot)
{
	const struct reader_totals *totals = &snapshot->totals;

	fprintf(out,
	        "\"totals\":{\"pageA\":%" PRIu64 ",\"live\":%" PRIu64 ",\"liveSlots\":%" PRIu64
	        ",\"blocks\":%" PRIu64 ",\"block\":%" PRIu64 ",\"cached\":%" PRIu64
	        ",\"cachedSlots\":%" PRIu64 ",\"idle\":%" PRIu64 ",\"untouched\":%" PRIu64
	        ",\"held\":%" PRIu64 ",\"pageB\":%" PRIu64 ",\"peak\":%" PRIu64
	        ",\"purged\":%" PRIu64 ",\"purges\":%" PRIu64 ",\"retries\":%" PRIu64
	        ",\"torn\":%" PRIu64 "},\n",
	        totals->page_a, totals->live, totals->live_slots, totals->blocks, totals->block,
	        totals->cached, totals->cached_slots, totals->idle, totals->untouched, totals->held,
	        totals->page_b, snapshot->header.page_a_bytes_peak, snapshot->header.purged_bytes,
	        snapshot->header.purges, snapshot->retries, snapshot->torn);
}

static void write_states(FILE *out)
{
	fputs("\"states\":[", out);
	for (unsigned state = 0; state < MAP_STATES; state++)
		fprintf(out, "%s[\"%s\",\"%s\",\"%s\",\"%s\"]", state == 0 ? "" : ",",
		        map_styles[state].name, map_styles[state].words, map_styles[state].light,
		        map_styles[state].dark);
	fputs("],\n", out);
}

static void write_classes(FILE *out, const struct reader_snapshot *snapshot)
{
	fputs("\"classes\":[", out);
	for (unsigned i = 0; i < snapshot->class_count; i++) {
		const struct reader_class *class = &snapshot->classes[i];
		fprintf(out,
		        "%s[%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		        ",%" PRIu64 ",%" PRIu64 "]",
		        i == 0 ? "" : ",\n", class->slot_bytes, class->slots, class->slabs,
		        class->bytes, class->all.live, class->all.cached, class->all.free,
		        class->all.idle_bytes, class->all.untouched_bytes);
	}
	fputs("],\n\"arenas\":[", out);
	for (unsigned i = 0; i < snapshot->arena_count; i++) {
		const struct reader_arena *arena = &snapshot->arenas[i];
		fprintf(out, "%s[%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
		        i == 0 ? "" : ",", arena->users, arena->slabs, arena->bytes,
		        arena->live_bytes, arena->slots_filled);
	}
	fputs("],\n\"caches\":[", out);
	for (size_t i = 0; i < snapshot->cache_count; i++) {
		const struct reader_cache *cache = &snapshot->caches[i];
		fprintf(out, "%s[%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i == 0 ? "" : ",",
		        cache->arena, cache->slots, cache->bytes, cache->outbox);
	}
	fputs("],\n", out);
}

/* A free cell: alternately how many heap pages of it are purged, and how many idle. */
static void write_free_cell(FILE *out, const struct reader_snapshot *snapshot,
                            const struct reader_cell *cell)
{
	size_t page = (size_t)((cell->start - snapshot->base) >> HEAP_PAGE_SHIFT);
	size_t end = page + (size_t)(cell->bytes >> HEAP_PAGE_SHIFT);
	const char *comma = "";
	bool idle = false;

	fputs("[0,[", out);
	for (size_t run = page; page < end; page = run, idle = !idle) {
		while (run < end && (snapshot->idle[run] != 0) == idle)
			run++;
		fprintf(out, "%s%zu", comma, run - page);
		comma = ",";
	}
	fputs("]]", out);
}

/* The cells in order: [kind, heap pages], those of slabs with what is in them. */
static void write_cells(FILE *out, const struct reader_snapshot *snapshot)
{
	size_t written = 0;

	fputs("\"cells\":[", out);
	for (size_t i = 0; i < snapshot->cell_count; i++) {
		const struct reader_cell *cell = &snapshot->cells[i];
		uint64_t pages = cell->bytes >> HEAP_PAGE_SHIFT;
		fputs(i == 0 ? "" : ",\n", out);
		if (cell->slab == READER_NO_SLAB && cell->kind == HEAP_FREE) {
			write_free_cell(out, snapshot, cell);
		} else if (cell->slab == READER_NO_SLAB) {
			fprintf(out, "[%u,%" PRIu64 "]", cell->kind, pages);
		} else {
			const struct reader_slab *slab = &snapshot->slabs[cell->slab];
			fprintf(out, "[%u,%" PRIu64 ",%u,%u,%u,\"", HEAP_SLAB, pages,
			        slab->sizeclass, slab->arena, slab->torn);
			if (written < SLOTS_BYTES_MAX)
				written += slots_write(out, slab->states,
				                       snapshot->classes[slab->sizeclass].slots);
			fprintf(out, "\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
			        slab->slots.live, slab->slots.cached, slab->slots.idle_bytes,
			        slab->slots.untouched_bytes);
		}
	}
	fputs("]", out);
	if (written >= SLOTS_BYTES_MAX)
		fputs(",\n\"cut\":true", out);
}

static void write_data(FILE *out, const struct source *source,
                       const struct reader_snapshot *snapshot)
{
	char now[64];
	time_t seconds = time(NULL);

	strftime(now, sizeof now, "%Y-%m-%d %H:%M:%S", localtime(&seconds));
	fputs("{\"command\":", out);
	tool_json_string(out, source_command(source));
	fprintf(out,
	        ",\"pid\":%d,\"core\":%s,\"time\":\"%s\",\"base\":\"%" PRIx64
	        "\",\"osPage\":%" PRIu64 ",\"heapPage\":%zu,\"heapPages\":%zu,\n",
	        (int)source_pid(source), source_is_core(source) ? "true" : "false", now,
	        snapshot->base, (uint64_t)snapshot->header.os_page_bytes, HEAP_PAGE_BYTES,
	        snapshot->heap_pages);
	write_states(out);
	write_totals(out, snapshot);
	write_classes(out, snapshot);
	write_cells(out, snapshot);
	fputs("}", out);
}

void map_html(FILE *out, const struct source *source, const struct reader_snapshot *snapshot)
{
	const char *at = strstr(map_page, place);

	if (at == NULL)
		tool_die("map.html has no place for the data");
	fwrite(map_page, 1, (size_t)(at - map_page), out);
	write_data(out, source, snapshot);
	at += sizeof place - 1;
	fwrite(at, 1, (size_t)(map_page_end - at), out);
}
