/*
 * sites - finds the sampled blocks by the page map, and groups them.
 *
 *     page map  | block | block | slab |        |        an entry a heap page, the same for all of a block's
 *                   \______/
 *                  its record, with the stack
 *
 * Holds:  nothing.
 * Always: a record is believed when it lies in the cell whose entry led to it, and was the same twice.
 */
#include "sites.h"
#include "guards.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_A_READ 4096u
#define ROUNDS_MAX     16u
#define ONE_IN_MAX     1000000000u /* as for the option */

/* What is being read. */
struct walk {
	struct source *source;
	struct sites *sites;
	uint64_t base;
	uint64_t end;
	uint64_t entries;
	uint64_t pages; /* of guarded blocks, live or not */
};

uint64_t sites_estimate(const struct sites *sites, uint64_t sampled)
{
	uint64_t estimate;

	return __builtin_mul_overflow(sampled, sites->one_in, &estimate) ? UINT64_MAX : estimate;
}

void sites_free(struct sites *sites)
{
	free(sites->all);
	*sites = (struct sites){0};
}

/* --- Records -------------------------------------------------------------------------------------- */

/* A record as it was read, once or twice. What is no bool may lie where one should. */
struct seen {
	struct pagemap_entry entry;
	struct guarded block;
};

/* Whether a copy of the record of a block could be had, or there is no block any more. */
static bool seen_read(const struct walk *walk, uint64_t entry_at, struct seen *seen)
{
	memset(seen, 0, sizeof *seen);
	if (!source_read(walk->source, entry_at, &seen->entry, sizeof seen->entry))
		return false;
	return !pagemap_is_guarded(&seen->entry) ||
	       source_read(walk->source, (uintptr_t)seen->entry.states, &seen->block,
	                   sizeof seen->block);
}

/* Whether a record is that of a block whose cell starts there. */
static bool block_is_good(const struct walk *walk, const struct guarded *block, uint64_t cell)
{
	return block->cell == cell && block->cell_bytes != 0 &&
	       block->cell_bytes % HEAP_PAGE_BYTES == 0 && block->cell_bytes <= walk->end - cell &&
	       block->ptr >= cell && block->ptr - cell <= block->cell_bytes &&
	       block->size <= block->cell_bytes - (block->ptr - cell) && block->taken.count >= 0 &&
	       block->taken.count <= BACKTRACE_FRAMES;
}

static void site_add(struct sites *sites, const struct guarded *block)
{
	size_t count = sites->count;
	struct site site = {
	        .frame_count = (unsigned)block->taken.count,
	        .blocks = 1,
	        .bytes = block->size,
	};

	for (unsigned i = 0; i < site.frame_count; i++)
		site.frames[i] = (uintptr_t)block->taken.frames[i];
	if ((count & (count - 1)) == 0)
		sites->all = tool_resize(sites->all, count == 0 ? 1 : count * 2, sizeof site);
	sites->all[sites->count++] = site;
	sites->blocks++;
	sites->bytes += block->size;
}

/* Adds the block whose first page has that entry, if it is live. One that comes or goes meanwhile is looked at again. */
static void block_read(const struct walk *walk, uint64_t entry_at, uint64_t cell)
{
	struct seen once;
	struct seen twice;
	unsigned char live;

	for (unsigned round = 1; round <= ROUNDS_MAX; round++) {
		bool read = seen_read(walk, entry_at, &once) && seen_read(walk, entry_at, &twice) &&
		            memcmp(&once, &twice, sizeof once) == 0;
		if (read && !pagemap_is_guarded(&once.entry))
			return;
		memcpy(&live, &once.block.live, sizeof live);
		if (read && block_is_good(walk, &once.block, cell) && live <= 1) {
			if (live == 1)
				site_add(walk->sites, &once.block);
			return;
		}
		if (source_is_core(walk->source))
			break;
		source_pause(round);
	}
	walk->sites->torn++;
}

/* --- The page map --------------------------------------------------------------------------------- */

/* Goes through the entries of so many heap pages, from one on. Returns: the record of the last, 0: it has none. */
static uint64_t entries_walk(struct walk *walk, const struct pagemap_entry *entries, size_t count,
                             uint64_t page, uint64_t before)
{
	for (size_t i = 0; i < count; i++, page++) {
		uint64_t record =
		        pagemap_is_guarded(&entries[i]) ? (uintptr_t)entries[i].states : 0;
		walk->pages += record != 0;
		if (record != 0 && record != before)
			block_read(walk, walk->entries + page * sizeof *entries,
			           walk->base + (page << HEAP_PAGE_SHIFT));
		before = record;
	}
	return before;
}

static bool pagemap_walk(struct walk *walk, uint64_t pages, struct tool_error *error)
{
	struct pagemap_entry *entries = tool_new(ENTRIES_A_READ, sizeof *entries);
	uint64_t before = 0;
	bool good = true;

	for (uint64_t page = 0; good && page < pages; page += ENTRIES_A_READ) {
		size_t count = pages - page < ENTRIES_A_READ ? pages - page : ENTRIES_A_READ;
		good = source_read(walk->source, walk->entries + page * sizeof *entries, entries,
		                   count * sizeof *entries);
		if (good)
			before = entries_walk(walk, entries, count, page, before);
	}
	free(entries);
	if (!good && !source_is_gone(walk->source, error))
		tool_fail(error, "Page B is damaged: the page map cannot be read");
	return good;
}

/* --- Groups --------------------------------------------------------------------------------------- */

static int by_stack(const void *a, const void *b)
{
	const struct site *left = a;
	const struct site *right = b;

	if (left->frame_count != right->frame_count)
		return left->frame_count < right->frame_count ? -1 : 1;
	return memcmp(left->frames, right->frames, left->frame_count * sizeof *left->frames);
}

static int by_bytes(const void *a, const void *b)
{
	const struct site *left = a;
	const struct site *right = b;

	if (left->bytes != right->bytes)
		return left->bytes < right->bytes ? 1 : -1;
	if (left->blocks != right->blocks)
		return left->blocks < right->blocks ? 1 : -1;
	return by_stack(a, b);
}

/* Makes one site of those with the same stack. */
static void sites_group(struct sites *sites)
{
	size_t kept = 0;

	if (sites->count == 0)
		return;
	qsort(sites->all, sites->count, sizeof *sites->all, by_stack);
	for (size_t i = 1; i < sites->count; i++) {
		struct site *last = &sites->all[kept];
		if (by_stack(last, &sites->all[i]) == 0) {
			last->blocks += sites->all[i].blocks;
			last->bytes += sites->all[i].bytes;
		} else {
			sites->all[++kept] = sites->all[i];
		}
	}
	sites->count = kept + 1;
	qsort(sites->all, sites->count, sizeof *sites->all, by_bytes);
}

/* What a program holds: each guarded block has a cell of its own, of which it holds little, or nothing any more. */
static uint64_t live_bytes(const struct walk *walk, const struct reader_totals *totals)
{
	uint64_t cells = walk->pages << HEAP_PAGE_SHIFT;

	return (totals->live > cells ? totals->live - cells : 0) + walk->sites->bytes;
}

static bool does_not_sample(const struct source *source, struct tool_error *error)
{
	char who[64] = "the process of the core";

	if (!source_is_core(source))
		snprintf(who, sizeof who, "process %d", (int)source_pid(source));
	return tool_fail(error,
	                 "%s does not sample what it allocates: start it with HALLOC_SAMPLE=1000, "
	                 "and without HALLOC_HARDENED",
	                 who);
}

static bool snapshot_read(struct source *source, const struct reader_snapshot *snapshot,
                          struct sites *sites, struct tool_error *error)
{
	const struct page_b_header *header = &snapshot->header;
	struct pagemap map;

	*sites = (struct sites){
	        .one_in = header->sample_one_in,
	        .blocks_max = header->guarded_live_max,
	        .missed = header->samples_missed,
	};
	if (sites->one_in == 0)
		return does_not_sample(source, error);
	if (sites->one_in > ONE_IN_MAX || header->guarded_bytes == 0)
		return tool_fail(error, "Page B is damaged: what is sampled makes no sense");
	if (!reader_pagemap(source, snapshot, &map, error))
		return false;
	struct walk walk = {
	        .source = source,
	        .sites = sites,
	        .base = snapshot->base,
	        .end = snapshot->base + ((uint64_t)snapshot->heap_pages << HEAP_PAGE_SHIFT),
	        .entries = (uintptr_t)map.entries,
	};
	if (!pagemap_walk(&walk, snapshot->heap_pages, error))
		return false;
	sites_group(sites);
	sites->live_bytes = live_bytes(&walk, &snapshot->totals);
	return true;
}

bool sites_take(struct source *source, struct sites *sites, struct tool_error *error)
{
	struct reader_snapshot snapshot;

	*sites = (struct sites){0};
	if (!reader_take(source, READER_COUNTS, &snapshot, error))
		return false;
	bool good = snapshot_read(source, &snapshot, sites, error);
	reader_free(&snapshot);
	if (!good)
		sites_free(sites);
	return good;
}
