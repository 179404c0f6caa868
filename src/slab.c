/*
 * slab - cuts cells of the core into equal slots: slabs are made, listed by how full they are, and retired.
 *
 * Holds:  arenas, each with lists of its slabs by class and by how full they are.
 * Always: a slab with free slots is in the list of its fullness; a full one in none.
 * Locks:  none but in slab_ok; arena->lock (rank ARENA) is held. May take HEAP and PAGE_B.
 *
 *     Page A:  | slot 0 | slot 1 | slot 2 | ...           | rest |    one to four heap pages
 *     Page B:  struct slab | state 0 | state 1 | ... | never live | bit words
 */
#include "slab.h"
#include "awake.h"
#include "clock.h"
#include "heap.h"
#include "huge.h"
#include "page_b.h"
#include "report.h"

#include <errno.h>
#include <string.h>

/* Of slabs without any slot in use, an arena keeps so many of each class for the next fill. */
#define EMPTY_SLABS_KEPT 1

/* An arena with slabs of a coarse class on so many heap pages has enough blocks to have each where it fits best. */
#define COARSE_HEAP_PAGES 16u

struct arena *slab_arenas[ARENAS_MAX] lies_late;
bool slab_hidden;
bool slab_has_origins;
unsigned slab_magazines_at;

/* --- Lists -------------------------------------------------------------------------------------- */

static unsigned fullness_of(const struct slab *slab)
{
	unsigned part = slab_class(slab)->slots + 1u;
	unsigned used = (part - 1 - slab->free) * SLAB_FULLNESSES;
	unsigned fullness = 0;

	/* used / part, without a division: this is asked whenever slots come or go. */
	for (unsigned least = part; fullness + 1 < SLAB_FULLNESSES && used >= least; least += part)
		fullness++;
	return fullness;
}

static void list_add(struct arena *arena, struct slab *slab)
{
	slab->fullness = (uint8_t)fullness_of(slab);
	struct slab **list = &arena->partial[slab->sizeclass][slab->fullness];
	slab->previous = NULL;
	slab->next = *list;
	if (slab->next != NULL)
		slab->next->previous = slab;
	*list = slab;
}

static void list_remove(struct arena *arena, struct slab *slab)
{
	if (slab->previous != NULL)
		slab->previous->next = slab->next;
	else
		arena->partial[slab->sizeclass][slab->fullness] = slab->next;
	if (slab->next != NULL)
		slab->next->previous = slab->previous;
	slab->settle_at = 0;
}

/* Into the list of its fullness, where that is another one by now. */
static void list_change(struct arena *arena, struct slab *slab)
{
	if (fullness_of(slab) == slab->fullness)
		return;
	list_remove(arena, slab);
	list_add(arena, slab);
}

void slab_idle_add(struct arena *arena, struct slab *slab)
{
	slab->idle_since = clock_ms();
	slab->idle_next = NULL;
	slab->idle_previous = arena->idle_last;
	if (arena->idle_last != NULL)
		arena->idle_last->idle_next = slab;
	else
		arena->idle_first = slab;
	arena->idle_last = slab;
}

void slab_idle_remove(struct arena *arena, struct slab *slab)
{
	if (slab->idle_previous != NULL)
		slab->idle_previous->idle_next = slab->idle_next;
	else
		arena->idle_first = slab->idle_next;
	if (slab->idle_next != NULL)
		slab->idle_next->idle_previous = slab->idle_previous;
	else
		arena->idle_last = slab->idle_previous;
	slab->idle_since = 0;
	slab->settle_at = 0;
}

/* --- Slabs come and go -------------------------------------------------------------------------- */

static void entries_set(const struct slab *slab)
{
	struct pagemap_entry *entry = pagemap_find((const void *)slab->start);

	for (unsigned i = 0; i < slab_class(slab)->heap_pages; i++, entry++) {
		entry->states = slab_states(slab);
		entry->start = slab->start;
		entry->arena = slab->arena;
		entry->sizeclass = slab->sizeclass;
		entry->magazine =
		        (uint16_t)(slab_magazines_at + slab->sizeclass * SLAB_MAGAZINE_BYTES);
		entry->awake = awake_mark(slab->arena);
		__atomic_store_n(&entry->kind, slab_hidden ? PAGEMAP_HIDDEN : PAGEMAP_PLAIN,
		                 __ATOMIC_RELEASE);
		__atomic_store_n(&entry->reciprocal, slab_hidden ? 0 : slab_class(slab)->reciprocal,
		                 __ATOMIC_RELEASE);
	}
}

static void entries_retire(const struct slab *slab)
{
	struct pagemap_entry *entry = pagemap_find((const void *)slab->start);

	for (unsigned i = 0; i < slab_class(slab)->heap_pages; i++, entry++) {
		entry->kind = PAGEMAP_RETIRED;
		__atomic_store_n(&entry->reciprocal, 0, __ATOMIC_RELEASE);
	}
}

static void slots_init(struct slab *slab, size_t bytes)
{
	unsigned slots = slab_class(slab)->slots;

	if (!heap_is_zero(heap_process, (const void *)slab->start, bytes))
		memset(slab_states(slab), SLOT_DEAD, slots);
	for (unsigned i = 0; i < slots / SLAB_WORD_BITS; i++)
		slab->free_bits[i] = UINT64_MAX;
	if (slots % SLAB_WORD_BITS != 0)
		slab->free_bits[slots / SLAB_WORD_BITS] =
		        ((uint64_t)1 << slots % SLAB_WORD_BITS) - 1;
	slab->free = (uint16_t)slots;
}

/* Takes a cell for a slab. In hardened mode a heap page that cannot be touched ends it, where there is room for
 * one. Returns: NULL without memory. */
static void *cell_take(struct slab *slab, size_t bytes)
{
	void *start = NULL;

	slab->guarded = slab_hidden && os_guard_claim();
	if (slab->guarded) {
		start = heap_take(heap_process, bytes + HEAP_PAGE_BYTES, HEAP_PAGE_BYTES,
		                  HEAP_SLAB);
		if (start != NULL)
			return start;
		os_guard_release();
		slab->guarded = false;
	}
	return heap_take(heap_process, bytes, HEAP_PAGE_BYTES, HEAP_SLAB);
}

/* Returns: false where the slab must be inaccessible and could not be made so. */
static bool slab_guard(const struct arena *arena, struct slab *slab, size_t bytes)
{
	if (arena->inaccessible && !heap_close_part((void *)slab->start, bytes))
		return false;
	if (slab->guarded && !heap_close_part((void *)(slab->start + bytes), HEAP_PAGE_BYTES)) {
		os_guard_release();
		slab->guarded = false;
	}
	return true;
}

bool slab_unguard(struct slab *slab)
{
	size_t bytes = slab_class(slab)->heap_pages * HEAP_PAGE_BYTES;

	if (!slab->guarded)
		return true;
	if (!heap_open_part((void *)(slab->start + bytes), HEAP_PAGE_BYTES))
		return false;
	os_guard_release();
	slab->guarded = false;
	return true;
}

static void slab_forget(struct slab *slab)
{
	unsigned slots = slab_class(slab)->slots;

	if (slab->sizes != NULL)
		page_b_record_free(slab->sizes, slots * sizeof *slab->sizes);
	if (slab->origins != NULL)
		page_b_record_free(slab->origins, slots);
	page_b_record_free(slab, slab_record_bytes(slots));
}

/* A slab that has no cell yet. Returns: NULL without memory. */
static struct slab *slab_begin(const struct arena *arena, unsigned class)
{
	unsigned slots = sizeclasses[class].slots;
	struct slab *slab = page_b_record_new(slab_record_bytes(slots));

	if (slab == NULL)
		return NULL;
	slab->arena = arena->number;
	slab->sizeclass = (uint8_t) class;
	slab->free_bits = (uint64_t *)(slab_states(slab) + slab_states_bytes(slots));
	if (slab_hidden)
		slab->sizes = page_b_record_new(slots * sizeof *slab->sizes);
	if (slab_has_origins)
		slab->origins = page_b_record_new(slots);
	if ((slab_hidden && slab->sizes == NULL) || (slab_has_origins && slab->origins == NULL)) {
		slab_forget(slab);
		return NULL;
	}
	return slab;
}

/* Takes a cell for a slab, and makes inaccessible what is to be. Returns: false, with ENOMEM, where that cannot be. */
static bool slab_place(const struct arena *arena, struct slab *slab)
{
	size_t bytes = slab_class(slab)->heap_pages * HEAP_PAGE_BYTES;
	void *start = cell_take(slab, bytes);

	if (start == NULL)
		return false;
	slab->start = (uintptr_t)start;
	if (slab_guard(arena, slab, bytes)) {
		slots_init(slab, bytes);
		return true;
	}
	if (slab->guarded)
		os_guard_release();
	heap_give(heap_process, start, HEAP_SLAB, HEAP_DIRTY);
	errno = ENOMEM;
	return false;
}

struct slab *slab_new(struct arena *arena, unsigned class)
{
	struct slab *slab = slab_begin(arena, class);

	if (slab == NULL)
		return NULL;
	if (!slab_place(arena, slab)) {
		slab_forget(slab);
		return NULL;
	}
	list_add(arena, slab);
	arena->empty_slabs[class]++;
	arena->slabs[class]++;
	if (arena->slabs[class] * sizeclasses[class].heap_pages > COARSE_HEAP_PAGES)
		sizeclass_refine(class);
	entries_set(slab);
	return slab;
}

void slab_retire(struct arena *arena, struct slab *slab, enum heap_contents contents)
{
	expect(slab->free == slab_class(slab)->slots);
	expect(!slab->guarded);
	list_remove(arena, slab);
	if (slab->idle_since != 0)
		slab_idle_remove(arena, slab);
	arena->empty_slabs[slab->sizeclass]--;
	arena->slabs[slab->sizeclass]--;
	entries_retire(slab);
	heap_give(heap_process, (void *)slab->start, HEAP_SLAB, contents);
	slab_forget(slab);
}

void slab_boot(void)
{
	halloc_page_b.pagemap = &pagemap;
	halloc_page_b.entry_bytes = sizeof(struct pagemap_entry);
	halloc_page_b.slab_bytes = sizeof(struct slab);
	halloc_page_b.arena_bytes = sizeof(struct arena);
	halloc_page_b.arenas = (const void *)slab_arenas;
	halloc_page_b.classes = sizeclasses;
	halloc_page_b.class_count = SIZECLASS_COUNT;
}

struct arena *slab_arena_new(unsigned limit)
{
	struct arena *arena = page_b_record_new(sizeof *arena);

	if (arena == NULL)
		return NULL;
	lock_init(&arena->lock, LOCK_RANK_ARENA);
	for (unsigned i = 0; i < limit; i++) {
		struct arena *none = NULL;
		arena->number = (uint16_t)i;
		if (__atomic_compare_exchange_n(&slab_arenas[i], &none, arena, false,
		                                __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&huge_arenas, 1, __ATOMIC_RELAXED);
			return arena;
		}
	}
	lock_destroy(&arena->lock);
	page_b_record_free(arena, sizeof *arena);
	return NULL;
}

/* --- Slots come and go --------------------------------------------------------------------------- */

/* The least number of free slots with which slab_settle next finds something to do: to move the slab to the
 * list below its own, to call it idle, or empty. */
static unsigned settle_next(const struct slab *slab)
{
	const struct sizeclass *shape = slab_class(slab);
	unsigned used_least = (shape->slots + 1u) * slab->fullness; /* in its list, by quarters */
	unsigned next = shape->slots + 1 - (used_least + SLAB_FULLNESSES - 1) / SLAB_FULLNESSES;
	uint64_t rest;

	if (slab->fullness == 0)
		next = shape->slots;
	if (slab->idle_since == 0) {
		uint64_t page = sizeclass_divide(os_page_bytes - 1, shape->reciprocal, &rest) + 1;
		if (page < next)
			next = (unsigned)page;
	}
	return next;
}

/* Counts a slab that is empty now; it goes back to the core if there are enough of these. Returns: whether it did. */
static bool empty_retire(struct arena *arena, struct slab *slab)
{
	int saved = errno;
	bool goes = arena->empty_slabs[slab->sizeclass]++ >= EMPTY_SLABS_KEPT &&
	            !arena->inaccessible && slab_unguard(slab);

	if (goes)
		slab_retire(arena, slab, HEAP_DIRTY);
	errno = saved;
	return goes;
}

void slab_settle(struct arena *arena, struct slab *slab, unsigned free_before)
{
	const struct sizeclass *shape = slab_class(slab);

	if (slab->free == free_before)
		return;
	if (free_before == 0)
		list_add(arena, slab);
	else
		list_change(arena, slab);
	if (slab->free == shape->slots && empty_retire(arena, slab))
		return;
	if (slab->idle_since == 0 && !arena->inaccessible &&
	    slab->free * (size_t)shape->slot_bytes >= os_page_bytes)
		slab_idle_add(arena, slab);
	slab->settle_at = (uint16_t)settle_next(slab);
}

void slab_leave(struct arena *arena, struct slab *slab)
{
	if (slab->free == slab_class(slab)->slots)
		arena->empty_slabs[slab->sizeclass]--;
	if (slab->idle_since != 0)
		slab_idle_remove(arena, slab);
}

void slab_left(struct arena *arena, struct slab *slab)
{
	if (slab->free == 0)
		list_remove(arena, slab);
	else
		list_change(arena, slab);
}

/* --- Looking ------------------------------------------------------------------------------------ */

struct slab *slab_at(const void *start)
{
	struct pagemap_entry *entry = pagemap_find(start);

	return entry != NULL && pagemap_has_slab(entry) ? slab_of_entry(entry) : NULL;
}

runs_seldom struct slab_counts slab_count(const struct slab *slab)
{
	struct slab_counts counts = {0};

	for (unsigned slot = 0; slot < slab_class(slab)->slots; slot++)
		counts.live += slab_states(slab)[slot] == SLOT_LIVE;
	counts.free = slab->free;
	if (counts.live + counts.free < slab_class(slab)->slots)
		counts.cached = slab_class(slab)->slots - counts.live - counts.free;
	return counts;
}

static bool slab_is_ok(const struct slab *slab, const struct arena *arena)
{
	unsigned free = 0;

	for (unsigned slot = 0; slot < slab_class(slab)->slots; slot++) {
		if (!slab_slot_is_free(slab->free_bits, slot))
			continue;
		free++;
		if (slab_states(slab)[slot] == SLOT_LIVE ||
		    slot / SLAB_WORD_BITS < slab->first_word)
			return false;
	}
	return free == slab->free && free != 0 && slab->arena == arena->number &&
	       slab->settle_at <= settle_next(slab) &&
	       slab_states(slab)[slab_class(slab)->slots] == SLOT_FRESH &&
	       slab_at((const void *)slab->start) == slab && fullness_of(slab) == slab->fullness;
}

runs_seldom bool slab_ok(struct arena *arena)
{
	bool ok = true;

	lock_acquire(&arena->lock);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		unsigned empty = 0;
		for (unsigned fullness = 0; fullness < SLAB_FULLNESSES; fullness++) {
			struct slab *slab = arena->partial[class][fullness];
			for (; slab != NULL; slab = slab->next) {
				ok = ok && slab_is_ok(slab, arena);
				empty += slab->free == slab_class(slab)->slots;
			}
		}
		ok = ok && empty == arena->empty_slabs[class];
	}
	lock_release(&arena->lock);
	return ok;
}
