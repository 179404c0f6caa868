/*
 * map - goes through Page A in stretches of one state, and shares them out among the parts of a picture.
 *
 * Holds:  the names and colours of the states.
 * Always: the stretches tile Page A; so the sums over a picture are those of the heap.
 */
#include "map.h"

#include <stdlib.h>

#define OS_PAGES_MAX 1024u

const struct map_style map_styles[MAP_STATES] = {
        [MAP_LIVE] = {"live", "live slots", "#2f6fde", "#5b93f5", '#'},
        [MAP_BLOCK] = {"large", "live large blocks", "#7a4fd0", "#a384f0", '@'},
        [MAP_CACHED] = {"cached", "in threads' caches", "#12a5b8", "#2fc4d6", '+'},
        [MAP_FREE] = {"free", "free, beside slots in use", "#b9c4d4", "#56637a", '-'},
        [MAP_IDLE] = {"idle", "idle: can go back", "#f0a020", "#f5b544", 'o'},
        [MAP_PURGED] = {"purged", "untouched or purged: no memory", "#e9edf3", "#232b3a", '.'},
        [MAP_HOLE] = {"hole", "not the heap's", "#ffffff", "#000000", ' '},
        [MAP_UNKNOWN] = {"unknown", "torn: not known", "#d64550", "#f0616d", '?'},
};

/* One after the other, of one state each. */
struct map_stretch {
	uint64_t offset; /* in Page A */
	uint64_t bytes;
	enum map_state state;
	uint8_t sizeclass; /* or MAP_NO_CLASS */
};

struct walk {
	void (*visit)(const struct map_stretch *stretch, void *arg);
	void *arg;
	struct map_stretch pending;
};

/* Adds to the pending stretch, or shows it and begins the next. */
static void put(struct walk *walk, uint64_t offset, uint64_t bytes, enum map_state state,
                uint8_t sizeclass)
{
	struct map_stretch *pending = &walk->pending;

	if (bytes == 0)
		return;
	if (pending->bytes != 0 && pending->state == state && pending->sizeclass == sizeclass) {
		pending->bytes += bytes;
		return;
	}
	if (pending->bytes != 0)
		walk->visit(pending, walk->arg);
	*pending = (struct map_stretch){offset, bytes, state, sizeclass};
}

/* What becomes of the free bytes of each OS page of a slab: beside slots in use, idle, or purged. */
static void pages_judge(const struct reader_class *class, const struct reader_slab *slab,
                        unsigned shift, uint8_t *pages, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pages[i] = MAP_PURGED;
	for (uint32_t slot = 0; slot < class->slots; slot++) {
		uint64_t start = (uint64_t)slot * class->slot_bytes;
		unsigned last = (unsigned)((start + class->slot_bytes - 1) >> shift);
		for (unsigned i = (unsigned)(start >> shift); i <= last && i < count; i++) {
			if (slab->states[slot] == READER_SLOT_LIVE ||
			    slab->states[slot] == READER_SLOT_CACHED)
				pages[i] = MAP_FREE;
			else if (slab->states[slot] == READER_SLOT_IDLE && pages[i] == MAP_PURGED)
				pages[i] = MAP_IDLE;
		}
	}
}

/* Free bytes, cut where OS pages end. */
static void put_free(struct walk *walk, const struct reader_slab *slab, uint64_t base,
                     const uint8_t *pages, unsigned shift, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t page = start >> shift;
		uint64_t stop = (page + 1) << shift;
		if (stop > end)
			stop = end;
		put(walk, slab->start - base + start, stop - start, (enum map_state)pages[page],
		    slab->sizeclass);
		start = stop;
	}
}

static void walk_slab(struct walk *walk, const struct reader_snapshot *snapshot,
                      const struct reader_slab *slab)
{
	const struct reader_class *class = &snapshot->classes[slab->sizeclass];
	unsigned shift = (unsigned)__builtin_ctzll(snapshot->header.os_page_bytes);
	uint64_t offset = slab->start - snapshot->base;
	uint64_t end = (uint64_t) class->slots * class->slot_bytes;
	uint8_t pages[OS_PAGES_MAX];
	unsigned count = (unsigned)(slab->bytes >> shift);

	if (slab->states == NULL || count > OS_PAGES_MAX || end > slab->bytes) {
		put(walk, offset, slab->bytes, MAP_UNKNOWN, slab->sizeclass);
		return;
	}
	pages_judge(class, slab, shift, pages, count);
	for (uint32_t slot = 0; slot < class->slots; slot++) {
		uint64_t start = (uint64_t)slot * class->slot_bytes;
		if (slab->states[slot] == READER_SLOT_LIVE)
			put(walk, offset + start, class->slot_bytes, MAP_LIVE, slab->sizeclass);
		else if (slab->states[slot] == READER_SLOT_CACHED)
			put(walk, offset + start, class->slot_bytes, MAP_CACHED, slab->sizeclass);
		else
			put_free(walk, slab, snapshot->base, pages, shift, start,
			         start + class->slot_bytes);
	}
	put_free(walk, slab, snapshot->base, pages, shift, end, slab->bytes);
}

static void walk_free_cell(struct walk *walk, const struct reader_snapshot *snapshot,
                           const struct reader_cell *cell)
{
	uint64_t start = cell->start - snapshot->base;

	for (uint64_t at = start; at < start + cell->bytes; at += HEAP_PAGE_BYTES)
		put(walk, at, HEAP_PAGE_BYTES,
		    snapshot->idle[at >> HEAP_PAGE_SHIFT] ? MAP_IDLE : MAP_PURGED, MAP_NO_CLASS);
}

/* Shows all of Page A, in the order of addresses, without gaps.
 * Requires: a snapshot taken with READER_SLOTS. */
static void walk_all(const struct reader_snapshot *snapshot,
                     void (*visit)(const struct map_stretch *stretch, void *arg), void *arg)
{
	struct walk walk = {.visit = visit, .arg = arg};

	for (size_t i = 0; i < snapshot->cell_count; i++) {
		const struct reader_cell *cell = &snapshot->cells[i];
		uint64_t offset = cell->start - snapshot->base;
		if (cell->slab != READER_NO_SLAB)
			walk_slab(&walk, snapshot, &snapshot->slabs[cell->slab]);
		else if (cell->kind == HEAP_FREE)
			walk_free_cell(&walk, snapshot, cell);
		else if (cell->kind == HEAP_BLOCK)
			put(&walk, offset, cell->bytes, MAP_BLOCK, MAP_NO_CLASS);
		else if (cell->kind == HEAP_HOLE)
			put(&walk, offset, cell->bytes, MAP_HOLE, MAP_NO_CLASS);
		else
			put(&walk, offset, cell->bytes, MAP_UNKNOWN, MAP_NO_CLASS);
	}
	if (walk.pending.bytes != 0)
		visit(&walk.pending, arg);
}

/* --- Pictures ----------------------------------------------------------------------------------- */

/* Of the classes in a part, the one that leads (Boyer, Moore 1981, by bytes). */
static void class_vote(struct map_part *part, uint8_t sizeclass, uint64_t bytes)
{
	if (part->class_weight == 0)
		part->sizeclass = sizeclass;
	if (part->sizeclass == sizeclass)
		part->class_weight += bytes;
	else if (part->class_weight > bytes)
		part->class_weight -= bytes;
	else {
		part->class_weight = bytes - part->class_weight;
		part->sizeclass = sizeclass;
	}
}

static void share_out(const struct map_stretch *stretch, void *arg)
{
	struct map_picture *picture = arg;
	uint64_t offset = stretch->offset;
	uint64_t end = offset + stretch->bytes;

	while (offset < end) {
		size_t number = (size_t)(offset / picture->part_bytes);
		uint64_t stop = (number + 1) * picture->part_bytes;
		if (number >= picture->count)
			return;
		if (stop > end)
			stop = end;
		picture->parts[number].bytes[stretch->state] += stop - offset;
		class_vote(&picture->parts[number], stretch->sizeclass, stop - offset);
		offset = stop;
	}
}

struct map_picture map_picture_new(const struct reader_snapshot *snapshot, size_t count)
{
	uint64_t bytes = (uint64_t)snapshot->heap_pages << HEAP_PAGE_SHIFT;
	uint64_t page = snapshot->header.os_page_bytes;
	struct map_picture picture = {.part_bytes = page};

	if (count == 0)
		count = 1;
	if (bytes > page * count)
		picture.part_bytes = ((bytes + count - 1) / count + page - 1) / page * page;
	picture.count = (size_t)((bytes + picture.part_bytes - 1) / picture.part_bytes);
	picture.parts = tool_new(picture.count, sizeof *picture.parts);
	walk_all(snapshot, share_out, &picture);
	return picture;
}

enum map_state map_part_state(const struct map_part *part)
{
	enum map_state best = MAP_LIVE;

	for (unsigned state = 0; state < MAP_STATES; state++)
		if (part->bytes[state] > part->bytes[best])
			best = (enum map_state)state;
	return best;
}

uint64_t map_part_bytes(const struct map_part *part)
{
	uint64_t sum = 0;

	for (unsigned state = 0; state < MAP_STATES; state++)
		sum += part->bytes[state];
	return sum;
}

void map_sum(const struct map_picture *picture, uint64_t sums[MAP_STATES])
{
	for (unsigned state = 0; state < MAP_STATES; state++)
		sums[state] = 0;
	for (size_t i = 0; i < picture->count; i++)
		for (unsigned state = 0; state < MAP_STATES; state++)
			sums[state] += picture->parts[i].bytes[state];
}
