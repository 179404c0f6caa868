/*
 * slabs - reads the records of slabs, and tells each slot's state.
 *
 * Holds:  nothing.
 * Always: a record is believed when it agrees with its cell, its page-map entry and itself: as many bits
 *         as it says are free, none of them of a live slot. Otherwise it is read again.
 *
 *     record   | struct slab | a state a slot | never live, to 8 bytes | a bit a slot |
 *
 * A slab is a cell before it has its page-map entry, and still is when it has lost it: nothing in it is
 * in use then, so that cell counts as free.
 *
 * A fill takes a word of bits and the count, word after word, and then the states change; a copy goes through a
 * record in the order of addresses, so one taken in between breaks a rule.
 */
#include "slabs.h"
#include "gather.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX   8u
#define OS_PAGES_MAX 1024u
#define CLASS_UNREAD UINT8_MAX /* in an entry that could not be read */

struct pending {
	size_t cell;
	struct pagemap_entry entry;
	char *record;
	size_t record_bytes;
	bool vacant; /* it has no entry */
};

/* Whether a slab of this class, and in hardened mode its guard, fills the cell. */
static bool class_fills(const struct reader_snapshot *snapshot, const struct pagemap_entry *entry,
                        const struct reader_cell *cell)
{
	return entry->sizeclass < snapshot->class_count &&
	       snapshot->classes[entry->sizeclass].slab_bytes +
	                       (entry->kind == PAGEMAP_HIDDEN ? HEAP_PAGE_BYTES : 0) ==
	               cell->bytes;
}

/* Whether the entry belongs to a slab that fills its cell. */
static bool entry_is_good(const struct reader_snapshot *snapshot, const struct pending *pending)
{
	const struct pagemap_entry *entry = &pending->entry;
	const struct reader_cell *cell = &snapshot->cells[pending->cell];

	return pagemap_has_slab(entry) && entry->start == cell->start &&
	       class_fills(snapshot, entry, cell) && entry->arena < ARENAS_MAX &&
	       (uintptr_t)entry->states % _Alignof(struct slab) == 0 &&
	       (uintptr_t)entry->states > sizeof(struct slab) &&
	       (uintptr_t)entry->states < (uintptr_t)1 << 62;
}

static void entries_read(struct source *source, const struct reader_snapshot *snapshot,
                         const struct pagemap *map, struct pending *pending, size_t count)
{
	struct gather_part *parts = tool_new(count, sizeof *parts);

	for (size_t i = 0; i < count; i++) {
		uint64_t offset = snapshot->cells[pending[i].cell].start - snapshot->base;
		pending[i].entry = (struct pagemap_entry){.sizeclass = CLASS_UNREAD};
		parts[i] = (struct gather_part){
		        .address = (uintptr_t)map->entries +
		                   (offset >> HEAP_PAGE_SHIFT) * sizeof(struct pagemap_entry),
		        .bytes = sizeof(struct pagemap_entry),
		        .to = &pending[i].entry,
		};
	}
	gather(source, parts, count);
	for (size_t i = 0; i < count; i++) {
		pending[i].vacant = pending[i].entry.sizeclass != CLASS_UNREAD &&
		                    !pagemap_has_slab(&pending[i].entry);
	}
	free(parts);
}

/* Reads the records of those whose entries are good; the others have none. */
static void records_read(struct source *source, const struct reader_snapshot *snapshot,
                         struct pending *pending, size_t count)
{
	struct gather_part *parts = tool_new(count, sizeof *parts);
	size_t wanted = 0;

	for (size_t i = 0; i < count; i++) {
		pending[i].record_bytes = 0;
		if (!entry_is_good(snapshot, &pending[i]))
			continue;
		uint32_t slots = snapshot->classes[pending[i].entry.sizeclass].slots;
		pending[i].record_bytes = slab_record_bytes(slots);
		pending[i].record = tool_resize(pending[i].record, pending[i].record_bytes, 1);
		memset(pending[i].record, 0, pending[i].record_bytes);
		parts[wanted++] = (struct gather_part){
		        .address = (uintptr_t)pending[i].entry.states - sizeof(struct slab),
		        .bytes = pending[i].record_bytes,
		        .to = pending[i].record,
		};
	}
	gather(source, parts, wanted);
	free(parts);
}

/* Whether a record agrees with its entry and with itself. */
static bool record_is_good(const struct reader_snapshot *snapshot, const struct pending *pending)
{
	if (pending->record_bytes == 0)
		return false;
	const struct slab *slab = (const struct slab *)(const void *)pending->record;
	const uint8_t *states = (const uint8_t *)(slab + 1);
	uint32_t slots = snapshot->classes[pending->entry.sizeclass].slots;
	const uint64_t *bits = (const uint64_t *)(const void *)(states + slab_states_bytes(slots));
	uint32_t free_slots = 0;

	if (slab->start != pending->entry.start || slab->sizeclass != pending->entry.sizeclass ||
	    slab->arena != pending->entry.arena ||
	    (uintptr_t)slab->free_bits !=
	            (uintptr_t)pending->entry.states + slab_states_bytes(slots))
		return false;
	for (uint32_t slot = 0; slot < slots; slot++) {
		if (states[slot] > SLOT_DEAD)
			return false;
		if (!slab_slot_is_free(bits, slot))
			continue;
		free_slots++;
		if (states[slot] == SLOT_LIVE)
			return false;
	}
	return free_slots == slab->free;
}

static enum reader_slot slot_seen(uint8_t state, bool is_free)
{
	if (state == SLOT_LIVE)
		return READER_SLOT_LIVE;
	if (!is_free)
		return READER_SLOT_CACHED;
	return state == SLOT_FRESH ? READER_SLOT_UNTOUCHED : READER_SLOT_IDLE;
}

/* What OS pages are, by the slots that touch them: a bit for each enum reader_slot. */
static void pages_count(struct reader_slab *slab, const uint8_t *touching, unsigned pages,
                        size_t page_bytes)
{
	for (unsigned page = 0; page < pages; page++) {
		if ((touching[page] & (1u << READER_SLOT_LIVE | 1u << READER_SLOT_CACHED)) != 0)
			continue;
		if ((touching[page] & 1u << READER_SLOT_IDLE) != 0)
			slab->slots.idle_bytes += page_bytes;
		else
			slab->slots.untouched_bytes += page_bytes;
	}
}

/* Counts the slots of a record. Where states is not NULL, it gets each slot's. */
static void slots_count(const struct reader_snapshot *snapshot, struct reader_slab *slab,
                        const char *record, uint8_t *states)
{
	const struct reader_class *class = &snapshot->classes[slab->sizeclass];
	size_t page_bytes = (size_t)snapshot->header.os_page_bytes;
	unsigned page_shift = (unsigned)__builtin_ctzll(page_bytes);
	uint8_t touching[OS_PAGES_MAX] = {0};
	unsigned pages = (unsigned)(slab->bytes >> page_shift);
	const uint8_t *raw = (const uint8_t *)record + sizeof(struct slab);
	const uint64_t *bits =
	        (const uint64_t *)(const void *)(raw + slab_states_bytes(class->slots));

	if (pages > OS_PAGES_MAX)
		pages = OS_PAGES_MAX;
	for (uint32_t slot = 0; slot < class->slots; slot++) {
		enum reader_slot seen = slot_seen(raw[slot], slab_slot_is_free(bits, slot));
		uint64_t start = (uint64_t)slot * class->slot_bytes;
		unsigned last = (unsigned)((start + class->slot_bytes - 1) >> page_shift);
		for (unsigned page = (unsigned)(start >> page_shift); page <= last && page < pages;
		     page++)
			touching[page] |= (uint8_t)(1u << seen);
		slab->slots.live += seen == READER_SLOT_LIVE;
		slab->slots.cached += seen == READER_SLOT_CACHED;
		if (states != NULL)
			states[slot] = (uint8_t)seen;
	}
	slab->slots.free = class->slots - slab->slots.live - slab->slots.cached;
	pages_count(slab, touching, pages, page_bytes);
}

static void slab_add(struct reader_snapshot *snapshot, const struct pending *pending, bool torn,
                     uint8_t **states)
{
	struct reader_cell *cell = &snapshot->cells[pending->cell];
	struct reader_slab *slab = &snapshot->slabs[snapshot->slab_count];
	struct reader_class *class = &snapshot->classes[pending->entry.sizeclass];

	*slab = (struct reader_slab){
	        .start = cell->start,
	        .bytes = cell->bytes,
	        .record = (uintptr_t)pending->entry.states - sizeof(struct slab),
	        .states = *states,
	        .arena = pending->entry.arena,
	        .sizeclass = pending->entry.sizeclass,
	        .torn = torn,
	};
	slots_count(snapshot, slab, pending->record, *states);
	if (*states != NULL)
		*states += class->slots;
	cell->slab = (uint32_t)snapshot->slab_count++;
	class->slabs++;
	class->bytes += slab->bytes;
	class->all.live += slab->slots.live;
	class->all.cached += slab->slots.cached;
	class->all.free += slab->slots.free;
	class->all.idle_bytes += slab->slots.idle_bytes;
	class->all.untouched_bytes += slab->slots.untouched_bytes;
}

/* A cell that is no slab yet has not been used; one that is none any more has. */
static void cell_vacate(struct reader_snapshot *snapshot, const struct pending *pending)
{
	struct reader_cell *cell = &snapshot->cells[pending->cell];
	size_t page = (size_t)(cell->start - snapshot->base) >> HEAP_PAGE_SHIFT;
	bool used = pending->entry.kind == PAGEMAP_RETIRED;

	cell->kind = HEAP_FREE;
	cell->idle_bytes = used ? cell->bytes : 0;
	memset(snapshot->idle + page, used, (size_t)cell->bytes >> HEAP_PAGE_SHIFT);
}

/* Moves those whose records are not good to the front, for the next round. Returns: how many. */
static size_t bad_first(const struct reader_snapshot *snapshot, struct pending *pending,
                        size_t count)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		if (pending[i].vacant || record_is_good(snapshot, &pending[i]))
			continue;
		struct pending swap = pending[bad];
		pending[bad++] = pending[i];
		pending[i] = swap;
	}
	return bad;
}

static int cell_compare(const void *a, const void *b)
{
	const struct pending *left = a;
	const struct pending *right = b;

	return (left->cell > right->cell) - (left->cell < right->cell);
}

/* Enters every slab that was read, good or torn, in the order of addresses. */
static void slabs_enter(struct reader_snapshot *snapshot, struct pending *pending, size_t count,
                        enum reader_depth depth)
{
	size_t slots = 0;
	uint8_t *states = NULL;

	qsort(pending, count, sizeof *pending, cell_compare);
	for (size_t i = 0; i < count; i++)
		if (pending[i].record_bytes != 0)
			slots += snapshot->classes[pending[i].entry.sizeclass].slots;
	if (depth == READER_SLOTS)
		states = snapshot->states = tool_new(slots, 1);
	snapshot->slabs = tool_new(count, sizeof *snapshot->slabs);
	for (size_t i = 0; i < count; i++) {
		bool torn = !pending[i].vacant && !record_is_good(snapshot, &pending[i]);
		snapshot->torn += torn;
		if (pending[i].vacant)
			cell_vacate(snapshot, &pending[i]);
		else if (pending[i].record_bytes == 0)
			snapshot->cells[pending[i].cell].kind = READER_UNKNOWN;
		else
			slab_add(snapshot, &pending[i], torn, &states);
		free(pending[i].record);
	}
}

void slabs_read(struct source *source, struct reader_snapshot *snapshot, const struct pagemap *map,
                enum reader_depth depth)
{
	struct pending *pending;
	size_t count = 0;

	for (size_t i = 0; i < snapshot->cell_count; i++)
		count += snapshot->cells[i].kind == HEAP_SLAB;
	pending = tool_new(count, sizeof *pending);
	count = 0;
	for (size_t i = 0; i < snapshot->cell_count; i++)
		if (snapshot->cells[i].kind == HEAP_SLAB)
			pending[count++].cell = i;
	size_t bad = count;
	for (unsigned round = 1;; round++) {
		entries_read(source, snapshot, map, pending, bad);
		records_read(source, snapshot, pending, bad);
		bad = bad_first(snapshot, pending, bad);
		if (bad == 0 || source_is_core(source) || round == ROUNDS_MAX)
			break;
		snapshot->retries += bad;
		source_pause(round);
	}
	slabs_enter(snapshot, pending, count, depth);
	free(pending);
}
