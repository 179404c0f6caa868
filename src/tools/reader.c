/*
 * reader - copies Page B.
 *
 * Holds:  nothing but the snapshot that it fills.
 * Always: no count, size or address that was read is used before it is bounded; a walk ends.
 */
#include "reader.h"
#include "header.h"
#include "slabs.h"
#include "totals.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX      64u
#define ARRAY_BYTES_MAX ((uint64_t)4 << 30)
#define CACHES_MAX      ((size_t)1 << 17)
#define GRANULES_MAX    ((uint32_t)1 << 28)
#define SLAB_PAGES_MAX  4096u

/* How often cells and slabs are read anew because slabs came or went between the two; and for how long: what is
 * damaged for good does not get better. */
#define PASSES_MAX    32u
#define PASSES_MS_MAX 1500u

/* The heap's structure and the tables that it names. */
struct tables {
	struct heap heap;
	struct heap_cell *cells;
	struct heap_page *pages;
};

static bool damaged(struct tool_error *error, const char *what)
{
	return tool_fail(error, "Page B is damaged: %s", what);
}

/* A copy of an array. Returns: NULL when it is not there. */
static void *array_read(struct source *source, uint64_t address, uint64_t count, size_t bytes)
{
	if (count > ARRAY_BYTES_MAX / bytes || !source_holds(source, address, count * bytes))
		return NULL;
	void *array = tool_new(count, bytes);
	if (source_read(source, address, array, count * bytes))
		return array;
	free(array);
	return NULL;
}

/* --- Cells -------------------------------------------------------------------------------------- */

static bool heap_is_sane(const struct heap *heap)
{
	return heap->granule_shift == HEAP_PAGE_SHIFT && heap->page_shift == HEAP_PAGE_SHIFT &&
	       heap->granules <= GRANULES_MAX && heap->records > 0 &&
	       heap->records <= GRANULES_MAX && heap->base % HEAP_PAGE_BYTES == 0 &&
	       heap->base < (uintptr_t)1 << 56;
}

static bool tables_read(struct source *source, uint64_t address, struct tables *tables,
                        struct tool_error *error)
{
	struct heap *heap = &tables->heap;

	if (!source_read(source, address, heap, sizeof *heap))
		return damaged(error, "the heap's record cannot be read");
	if (!heap_is_sane(heap))
		return damaged(error, "the heap's record makes no sense");
	tables->cells =
	        array_read(source, (uintptr_t)heap->cells, heap->records, sizeof *tables->cells);
	tables->pages =
	        array_read(source, (uintptr_t)heap->pages, heap->granules, sizeof *tables->pages);
	if (tables->cells == NULL || tables->pages == NULL)
		return damaged(error, "the tables of cells cannot be read");
	return true;
}

static void tables_free(struct tables *tables)
{
	free(tables->cells);
	free(tables->pages);
	tables->cells = NULL;
	tables->pages = NULL;
}

/* Whether a record is that of a cell at this offset. */
static bool cell_is_at(const struct tables *tables, uint32_t cell, uint32_t offset)
{
	if (cell == 0 || cell >= tables->heap.records)
		return false;
	const struct heap_cell *seen = &tables->cells[cell];
	return seen->offset == offset && seen->size != 0 && seen->kind <= HEAP_HOLE &&
	       seen->size <= tables->heap.granules - offset;
}

/* Notes which heap pages of a free cell are idle. Returns: their bytes. */
static uint64_t idle_note(struct reader_snapshot *snapshot, const struct tables *tables,
                          const struct heap_cell *cell)
{
	uint64_t pages = 0;

	for (uint32_t i = cell->offset; i < cell->offset + cell->size; i++) {
		snapshot->idle[i] = tables->pages[i].dirty_since != 0;
		pages += snapshot->idle[i];
	}
	return pages << HEAP_PAGE_SHIFT;
}

static void cell_append(struct reader_snapshot *snapshot, uint32_t offset, uint32_t size,
                        uint8_t kind, uint64_t idle)
{
	size_t count = snapshot->cell_count;
	struct reader_cell cell = {
	        .start = snapshot->base + ((uint64_t)offset << HEAP_PAGE_SHIFT),
	        .bytes = (uint64_t)size << HEAP_PAGE_SHIFT,
	        .idle_bytes = idle,
	        .slab = READER_NO_SLAB,
	        .kind = kind,
	};

	if ((count & (count - 1)) == 0)
		snapshot->cells =
		        tool_resize(snapshot->cells, count == 0 ? 1 : count * 2, sizeof cell);
	snapshot->cells[snapshot->cell_count++] = cell;
}

/* Follows the cells through Page A. Where the thread is lost it is taken up again at the next heap page
 * that says which cell starts there. Returns: the heap pages that no cell was found for. */
static uint32_t cells_walk(struct reader_snapshot *snapshot, const struct tables *tables)
{
	uint32_t cell = 1;
	uint32_t lost = 0;
	uint32_t lost_since = 0;

	snapshot->cell_count = 0;
	snapshot->base = tables->heap.base;
	snapshot->heap_pages = tables->heap.granules;
	free(snapshot->idle);
	snapshot->idle = tool_new(snapshot->heap_pages, 1);
	for (uint32_t offset = 0; offset < tables->heap.granules;) {
		if (!cell_is_at(tables, cell, offset))
			cell = tables->pages[offset].first & ~HEAP_PAGE_MARKS;
		if (!cell_is_at(tables, cell, offset)) {
			lost++;
			offset++;
			continue;
		}
		if (offset > lost_since)
			cell_append(snapshot, lost_since, offset - lost_since, READER_UNKNOWN, 0);
		const struct heap_cell *seen = &tables->cells[cell];
		cell_append(snapshot, offset, seen->size, seen->kind,
		            seen->kind == HEAP_FREE ? idle_note(snapshot, tables, seen) : 0);
		offset += seen->size;
		lost_since = offset;
		cell = seen->next;
	}
	if (tables->heap.granules > lost_since)
		cell_append(snapshot, lost_since, tables->heap.granules - lost_since,
		            READER_UNKNOWN, 0);
	return lost;
}

/* Whether the heap did not change while its tables were copied: a change of its cells changes one of
 * these. */
static bool heap_stood_still(struct source *source, uint64_t address, const struct tables *tables)
{
	struct heap now;

	return source_read(source, address, &now, sizeof now) &&
	       now.granules == tables->heap.granules &&
	       now.granules_in_use == tables->heap.granules_in_use &&
	       now.cells_in_use == tables->heap.cells_in_use && now.last == tables->heap.last &&
	       now.records == tables->heap.records && now.records_free == tables->heap.records_free;
}

static bool cells_read(struct source *source, struct reader_snapshot *snapshot,
                       struct tool_error *error)
{
	uint64_t address = (uintptr_t)snapshot->header.heap;
	struct tables tables;

	for (unsigned round = 1;; round++) {
		tables = (struct tables){0};
		if (!tables_read(source, address, &tables, error)) {
			tables_free(&tables);
			return false;
		}
		bool still = heap_stood_still(source, address, &tables);
		uint32_t lost = cells_walk(snapshot, &tables);
		uint32_t granules = tables.heap.granules;
		tables_free(&tables);
		if (lost == 0 && still)
			return true;
		if (source_is_core(source) || round == ROUNDS_MAX) {
			snapshot->torn += lost + !still;
			if (lost != 0 && lost == granules)
				return damaged(error, "no cell of Page A can be told");
			return true;
		}
		snapshot->retries++;
		source_pause(round);
	}
}

/* --- Classes, arenas, caches -------------------------------------------------------------------- */

static bool classes_read(struct source *source, struct reader_snapshot *snapshot,
                         struct tool_error *error)
{
	unsigned count = snapshot->header.class_count;
	struct sizeclass *classes =
	        array_read(source, (uintptr_t)snapshot->header.classes, count, sizeof *classes);
	bool good = classes != NULL;

	snapshot->classes = tool_new(count, sizeof *snapshot->classes);
	snapshot->class_count = count;
	for (unsigned i = 0; i < count && good; i++) {
		const struct sizeclass *seen = &classes[i];
		snapshot->classes[i].slot_bytes = seen->slot_bytes;
		snapshot->classes[i].slots = seen->slots;
		snapshot->classes[i].slab_bytes = (uint32_t)(seen->heap_pages * HEAP_PAGE_BYTES);
		good = seen->slots != 0 && seen->slot_bytes != 0 && seen->heap_pages != 0 &&
		       seen->heap_pages <= SLAB_PAGES_MAX &&
		       (uint64_t)seen->slots * seen->slot_bytes <= (uint64_t)seen->heap_pages
		                                                           << HEAP_PAGE_SHIFT;
	}
	free(classes);
	return good || damaged(error, "the size classes make no sense");
}

static bool arenas_read(struct source *source, struct reader_snapshot *snapshot,
                        struct tool_error *error)
{
	uint64_t *pointers = array_read(source, (uintptr_t)snapshot->header.arenas, ARENAS_MAX,
	                                sizeof *pointers);
	struct arena *arena = tool_new(1, sizeof *arena);
	bool good = pointers != NULL;

	snapshot->arenas = tool_new(ARENAS_MAX, sizeof *snapshot->arenas);
	for (unsigned i = 0; good && i < ARENAS_MAX && pointers[i] != 0; i++) {
		good = source_read(source, pointers[i], arena, sizeof *arena) && arena->number == i;
		snapshot->arenas[snapshot->arena_count++] = (struct reader_arena){
		        .number = i,
		        .users = arena->users,
		        .fills = arena->fills,
		        .flushes = arena->flushes,
		        .slots_filled = arena->slots_filled,
		};
	}
	free(arena);
	free(pointers);
	return good || damaged(error, "the arenas cannot be read");
}

static bool cache_is_good(const struct tcache *tcache, uint64_t previous)
{
	if ((uintptr_t)tcache->previous != previous || tcache->arena_number >= ARENAS_MAX ||
	    tcache->outbox_count > TCACHE_OUTBOX_SLOTS)
		return false;
	for (unsigned i = 0; i < SIZECLASS_COUNT; i++)
		if (tcache->magazines[i].top > tcache->magazines[i].limit ||
		    tcache_slots(tcache, i) > tcache->capacities[i])
			return false;
	return true;
}

static void cache_add(struct reader_snapshot *snapshot, const struct tcache *tcache,
                      uint64_t address)
{
	struct reader_cache cache = {
	        .address = address,
	        .arena = tcache->arena_number,
	        .outbox = tcache->outbox_count,
	        .slots = tcache->outbox_count,
	};
	size_t count = snapshot->cache_count;

	for (unsigned i = 0; i < SIZECLASS_COUNT && i < snapshot->class_count; i++) {
		unsigned slots = tcache_slots(tcache, i);
		cache.slots += slots;
		cache.bytes += (uint64_t)slots * snapshot->classes[i].slot_bytes;
		snapshot->classes[i].cached_known += slots;
	}
	if ((count & (count - 1)) == 0)
		snapshot->caches =
		        tool_resize(snapshot->caches, count == 0 ? 1 : count * 2, sizeof cache);
	snapshot->caches[snapshot->cache_count++] = cache;
}

/* Reads a cache, and what follows it where its magazines do not end with it. */
static bool cache_read(struct source *source, uint64_t address, struct tcache *tcache, size_t all)
{
	unsigned char samples; /* which may hold anything */

	if (!source_read(source, address, tcache, sizeof *tcache))
		return false;
	memcpy(&samples, &tcache->samples, sizeof samples);
	return samples == 0 || (samples == 1 && source_read(source, address, tcache, all));
}

/* Follows the list of caches. Returns: false where it is broken; what was found before stays. */
static bool caches_walk(struct source *source, struct reader_snapshot *snapshot)
{
	struct {
		struct tcache cache;
		struct tcache_more more;
	} seen = {0};
	struct tcache *tcache = &seen.cache;
	uint64_t previous = 0;
	uint64_t address;

	snapshot->cache_count = 0;
	for (unsigned i = 0; i < snapshot->class_count; i++)
		snapshot->classes[i].cached_known = 0;
	if (!source_read(source, (uintptr_t)snapshot->header.tcaches, &address, sizeof address))
		return false;
	while (address != 0) {
		if (snapshot->cache_count == CACHES_MAX ||
		    !cache_read(source, address, tcache, sizeof seen) ||
		    !cache_is_good(tcache, previous))
			return false;
		cache_add(snapshot, tcache, address);
		previous = address;
		address = (uintptr_t)tcache->next;
	}
	return true;
}

static void caches_read(struct source *source, struct reader_snapshot *snapshot)
{
	for (unsigned round = 1; !caches_walk(source, snapshot); round++) {
		if (source_is_core(source) || round == ROUNDS_MAX)
			return;
		snapshot->retries++;
		source_pause(round);
	}
}

/* --- All of it ---------------------------------------------------------------------------------- */

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t uptime_ms(const struct reader_snapshot *snapshot)
{
	if (snapshot->header.start_ms == 0)
		return 0;
	uint64_t now_ms = clock_ms();
	return now_ms > snapshot->header.start_ms ? now_ms - snapshot->header.start_ms : 0;
}

static void slabs_forget(struct reader_snapshot *snapshot)
{
	free(snapshot->slabs);
	free(snapshot->states);
	snapshot->slabs = NULL;
	snapshot->states = NULL;
	snapshot->slab_count = 0;
	for (unsigned i = 0; i < snapshot->class_count; i++) {
		struct reader_class *class = &snapshot->classes[i];
		class->slabs = 0;
		class->bytes = 0;
		class->all = (struct reader_slots){0};
	}
}

bool reader_pagemap(struct source *source, const struct reader_snapshot *snapshot,
                    struct pagemap *map, struct tool_error *error)
{
	if (source_read(source, (uintptr_t)snapshot->header.pagemap, map, sizeof *map) &&
	    map->base == snapshot->base)
		return true;
	return damaged(error, "the page map cannot be read");
}

/* Reads the cells, and then the slabs in them. One that has gone in between makes both be read anew. */
static bool page_a_read(struct source *source, enum reader_depth depth,
                        struct reader_snapshot *snapshot, struct tool_error *error)
{
	struct pagemap map;
	uint64_t start_ms = clock_ms();

	for (unsigned pass = 1;; pass++) {
		snapshot->torn = 0;
		if (!cells_read(source, snapshot, error) ||
		    !reader_pagemap(source, snapshot, &map, error))
			return false;
		uint64_t torn_cells = snapshot->torn;
		slabs_read(source, snapshot, &map, depth);
		if (snapshot->torn == torn_cells || source_is_core(source) || pass == PASSES_MAX ||
		    clock_ms() - start_ms > PASSES_MS_MAX)
			return true;
		slabs_forget(snapshot);
		snapshot->retries++;
		source_pause(pass);
	}
}

static bool take(struct source *source, enum reader_depth depth, struct reader_snapshot *snapshot,
                 struct tool_error *error)
{
	snapshot->header_address = header_find(source, &snapshot->header, error);
	if (snapshot->header_address == 0)
		return false;
	uint64_t page_bytes = snapshot->header.os_page_bytes;
	if (page_bytes < 4096 || page_bytes > HEAP_PAGE_BYTES ||
	    (page_bytes & (page_bytes - 1)) != 0)
		return damaged(error, "the size of a page makes no sense");
	if (!classes_read(source, snapshot, error) || !arenas_read(source, snapshot, error) ||
	    !page_a_read(source, depth, snapshot, error))
		return false;
	caches_read(source, snapshot);
	totals_count(source, snapshot);
	if (!source_is_core(source))
		snapshot->uptime_ms = uptime_ms(snapshot);
	return true;
}

bool reader_take(struct source *source, enum reader_depth depth, struct reader_snapshot *snapshot,
                 struct tool_error *error)
{
	*snapshot = (struct reader_snapshot){0};
	if (take(source, depth, snapshot, error))
		return true;
	if (!source_is_gone(source, error) && source_is_cut(source))
		tool_fail(error, "a damaged core: it is cut short, and Page B is not whole in it");
	reader_free(snapshot);
	return false;
}

void reader_free(struct reader_snapshot *snapshot)
{
	free(snapshot->cells);
	free(snapshot->slabs);
	free(snapshot->classes);
	free(snapshot->arenas);
	free(snapshot->caches);
	free(snapshot->states);
	free(snapshot->idle);
	*snapshot = (struct reader_snapshot){0};
}
