/*
 * slab - cuts cells of the core into equal slots, and deals them out in batches.
 *
 * Holds:  arenas, each with lists of its slabs by class and by how full they are.
 * Always: a slab with free slots is in the list of its fullness; a full one in none; slots leave
 *         in address order, from the fullest slabs first, so that the emptiest become idle.
 * Locks:  arena->lock (rank ARENA), one at a time; may then take HEAP and PAGE_B.
 *
 *     Page A:  | slot 0 | slot 1 | slot 2 | ...           | rest |    one to four heap pages
 *     Page B:  struct slab | state 0 | state 1 | ... | never live | bit words
 */
#include "slab.h"
#include "awake.h"
#include "heap.h"
#include "huge.h"
#include "page_b.h"
#include "report.h"

#include <errno.h>
#include <string.h>

#define WORD_BITS 64u

/* Of slabs without any slot in use, an arena keeps so many of each class for the next fill. */
#define EMPTY_SLABS_KEPT 1

/* Of slots up to this size, users touch every page; and mostly of larger ones, where they want many. */
#define POPULATE_SLOT_BYTES_MAX      1024u
#define POPULATE_SLOT_BYTES_MAX_MANY 8192u

struct arena *slab_arenas[ARENAS_MAX] lies_late;
bool slab_hidden;
bool slab_has_origins;
unsigned slab_magazines_at;
void (*slab_came_twice)(void *ptr);

/* --- Records ------------------------------------------------------------------------------------ */

static const struct sizeclass *class_of(const struct slab *slab)
{
	return &sizeclasses[slab->sizeclass];
}

static unsigned words_of(unsigned slots)
{
	return (slots + WORD_BITS - 1) / WORD_BITS;
}

static size_t states_bytes(unsigned slots)
{
	return (slots + 1 + sizeof(uint64_t) - 1) & -sizeof(uint64_t);
}

static size_t record_bytes(unsigned slots)
{
	return sizeof(struct slab) + states_bytes(slots) + words_of(slots) * sizeof(uint64_t);
}

static struct slab *slab_of_entry(const struct pagemap_entry *entry)
{
	return (struct slab *)entry->states - 1;
}

static void *slot_start(const struct slab *slab, unsigned slot)
{
	return (void *)(slab->start + (size_t)slot * class_of(slab)->slot_bytes);
}

static bool bit_is_set(const struct slab *slab, unsigned slot)
{
	return (slab->free_bits[slot / WORD_BITS] >> slot % WORD_BITS & 1) != 0;
}

/* --- Lists -------------------------------------------------------------------------------------- */

static unsigned fullness_of(const struct slab *slab)
{
	unsigned part = class_of(slab)->slots + 1u;
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

static void idle_add(struct arena *arena, struct slab *slab)
{
	slab->idle_since = os_clock_ms();
	slab->idle_next = NULL;
	slab->idle_previous = arena->idle_last;
	if (arena->idle_last != NULL)
		arena->idle_last->idle_next = slab;
	else
		arena->idle_first = slab;
	arena->idle_last = slab;
}

static void idle_remove(struct arena *arena, struct slab *slab)
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

	for (unsigned i = 0; i < class_of(slab)->heap_pages; i++, entry++) {
		entry->states = slab_states(slab);
		entry->start = slab->start;
		entry->arena = slab->arena;
		entry->sizeclass = slab->sizeclass;
		entry->magazine =
		        (uint16_t)(slab_magazines_at + slab->sizeclass * SLAB_MAGAZINE_BYTES);
		entry->awake = awake_mark(slab->arena);
		entry->kind = slab_hidden ? PAGEMAP_HIDDEN : PAGEMAP_PLAIN;
		__atomic_store_n(&entry->reciprocal, slab_hidden ? 0 : class_of(slab)->reciprocal,
		                 __ATOMIC_RELEASE);
	}
}

static void entries_retire(const struct slab *slab)
{
	struct pagemap_entry *entry = pagemap_find((const void *)slab->start);

	for (unsigned i = 0; i < class_of(slab)->heap_pages; i++, entry++) {
		entry->kind = PAGEMAP_RETIRED;
		__atomic_store_n(&entry->reciprocal, 0, __ATOMIC_RELEASE);
	}
}

static void slots_init(struct slab *slab, size_t bytes)
{
	unsigned slots = class_of(slab)->slots;

	if (!heap_is_zero(heap_process, (const void *)slab->start, bytes))
		memset(slab_states(slab), SLOT_DEAD, slots);
	for (unsigned i = 0; i < slots / WORD_BITS; i++)
		slab->free_bits[i] = UINT64_MAX;
	if (slots % WORD_BITS != 0)
		slab->free_bits[slots / WORD_BITS] = ((uint64_t)1 << slots % WORD_BITS) - 1;
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

/* Opens the guard of a slab that is to go. Returns: false where the system refuses that: it stays, for now. */
static bool slab_unguard(struct slab *slab)
{
	size_t bytes = class_of(slab)->heap_pages * HEAP_PAGE_BYTES;

	if (!slab->guarded)
		return true;
	if (!heap_open_part((void *)(slab->start + bytes), HEAP_PAGE_BYTES))
		return false;
	os_guard_release();
	slab->guarded = false;
	return true;
}

static void arena_count_slabs(struct arena *arena, unsigned class, int change)
{
	__atomic_store_n(&arena->slabs[class], arena->slabs[class] + (uint32_t)change,
	                 __ATOMIC_RELAXED);
}

static void slab_forget(struct slab *slab)
{
	unsigned slots = class_of(slab)->slots;

	if (slab->sizes != NULL)
		page_b_record_free(slab->sizes, slots * sizeof *slab->sizes);
	if (slab->origins != NULL)
		page_b_record_free(slab->origins, slots);
	page_b_record_free(slab, record_bytes(slots));
}

static struct slab *slab_new(struct arena *arena, unsigned class)
{
	const struct sizeclass *shape = &sizeclasses[class];
	size_t bytes = shape->heap_pages * HEAP_PAGE_BYTES;
	struct slab *slab = page_b_record_new(record_bytes(shape->slots));

	if (slab == NULL)
		return NULL;
	slab->arena = arena->number;
	slab->sizeclass = (uint8_t) class;
	if (slab_hidden) {
		slab->sizes = page_b_record_new(shape->slots * sizeof *slab->sizes);
		if (slab_has_origins)
			slab->origins = page_b_record_new(shape->slots);
		if (slab->sizes == NULL || (slab_has_origins && slab->origins == NULL)) {
			slab_forget(slab);
			return NULL;
		}
	}
	void *start = cell_take(slab, bytes);
	if (start == NULL) {
		slab_forget(slab);
		return NULL;
	}
	slab->start = (uintptr_t)start;
	if (!slab_guard(arena, slab, bytes)) {
		if (slab->guarded)
			os_guard_release();
		heap_give(heap_process, start, HEAP_SLAB, HEAP_DIRTY);
		slab_forget(slab);
		errno = ENOMEM;
		return NULL;
	}
	slab->free_bits = (uint64_t *)(slab_states(slab) + states_bytes(shape->slots));
	slots_init(slab, bytes);
	list_add(arena, slab);
	arena->empty_slabs[class]++;
	arena_count_slabs(arena, class, +1);
	entries_set(slab);
	return slab;
}

/* Gives a slab without slots in use, and without a guard, back to the core. */
static void slab_retire(struct arena *arena, struct slab *slab, enum heap_contents contents)
{
	expect(slab->free == class_of(slab)->slots);
	expect(!slab->guarded);
	list_remove(arena, slab);
	if (slab->idle_since != 0)
		idle_remove(arena, slab);
	arena->empty_slabs[slab->sizeclass]--;
	arena_count_slabs(arena, slab->sizeclass, -1);
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

/* --- Flush: slots come home --------------------------------------------------------------------- */

/* Two threads that free a slot within a few instructions of each other both find it live: it is in two
 * places then, until it comes home from one of them, or leaves the slab, while the other's is still about. */
__attribute__((noinline, cold)) static void ptr_tell_twice(void *ptr)
{
	expect(slab_came_twice != NULL);
	if (slab_came_twice != NULL)
		slab_came_twice(ptr);
}

/* The least number of free slots with which slab_settle next finds something to do: to move the slab to the
 * list below its own, to call it idle, or empty. */
static unsigned settle_next(const struct slab *slab)
{
	const struct sizeclass *shape = class_of(slab);
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

/* Puts a slab where it belongs after slots came back to it. */
static void slab_settle(struct arena *arena, struct slab *slab, unsigned free_before)
{
	const struct sizeclass *shape = class_of(slab);

	if (slab->free == free_before)
		return;
	if (free_before == 0) {
		list_add(arena, slab);
	} else if (fullness_of(slab) != slab->fullness) {
		list_remove(arena, slab);
		list_add(arena, slab);
	}
	if (slab->free == shape->slots) {
		int saved = errno;
		bool goes = arena->empty_slabs[slab->sizeclass]++ >= EMPTY_SLABS_KEPT &&
		            !arena->inaccessible && slab_unguard(slab);
		if (goes)
			slab_retire(arena, slab, HEAP_DIRTY);
		errno = saved;
		if (goes)
			return;
	}
	if (slab->idle_since == 0 && !arena->inaccessible &&
	    slab->free * (size_t)shape->slot_bytes >= os_page_bytes)
		idle_add(arena, slab);
	slab->settle_at = (uint16_t)settle_next(slab);
}

/* Puts slots back, at once those that follow one another in one word of the slab, as neighbours mostly do: their
 * bits and the count change together.
 * Requires: the first is of the slab. Returns: the first that is not in its word, or end. */
static inline const struct slot *slots_put(struct slab *slab, size_t total, const struct slot *slot,
                                           const struct slot *end)
{
	size_t word = (size_t)(slot->state - slab_states(slab)) / WORD_BITS;
	const uint8_t *states = slab_states(slab) + word * WORD_BITS;
	size_t width = total - word * WORD_BITS;
	uint64_t bits = slab->free_bits[word];
	unsigned free = slab->free;

	if (width > WORD_BITS)
		width = WORD_BITS;
	do {
		size_t bit = (size_t)(slot->state - states);
		if (bit >= width)
			break;
		if (unlikely(*slot->state == SLOT_LIVE || (bits >> bit & 1) != 0)) {
			ptr_tell_twice(slot->ptr);
		} else {
			bits |= (uint64_t)1 << bit;
			free++;
		}
	} while (++slot < end);
	slab->free_bits[word] = bits;
	slab->free = (uint16_t)free;
	if (word < slab->first_word)
		slab->first_word = (uint16_t)word;
	return slot;
}

static void slots_return(struct arena *arena, const struct slot *slots, unsigned count)
{
	const struct slot *end = slots + count;

	while (slots < end) {
		const struct pagemap_entry *entry = pagemap_find(slots->ptr);
		const uint8_t *states = entry->states;
		size_t total = sizeclasses[entry->sizeclass].slots;
		if (unlikely(entry->kind == PAGEMAP_RETIRED || entry->arena != arena->number ||
		             (size_t)(slots->state - states) >= total)) {
			ptr_tell_twice(slots->ptr); /* its slab is gone */
			slots++;
			continue;
		}
		struct slab *slab = slab_of_entry(entry);
		unsigned free_before = slab->free;
		/* As many as lie in the same slab, one behind the other. */
		do
			slots = slots_put(slab, total, slots, end);
		while (slots < end && (size_t)(slots->state - states) < total);
		if (slab->free >= slab->settle_at)
			slab_settle(arena, slab, free_before);
	}
	arena->slots_flushed += count;
}

/* Puts what came by mail where it belongs. */
static void mail_open(struct arena *arena)
{
	struct mail *box = __atomic_load_n(&arena->mail, __ATOMIC_ACQUIRE);
	const struct slot *slots;

	if (box == NULL)
		return;
	unsigned count = mail_take(box, &slots);
	if (count != 0)
		slots_return(arena, slots, count);
}

runs_seldom void slab_return_held(struct arena *arena, struct slab *slab, unsigned slot)
{
	struct slot home = {.ptr = slot_start(slab, slot), .state = slab_states(slab) + slot};
	unsigned free_before = slab->free;

	slots_put(slab, class_of(slab)->slots, &home, &home + 1);
	if (slab->free >= slab->settle_at)
		slab_settle(arena, slab, free_before);
	arena->slots_flushed++;
}

void slab_flush(struct arena *arena, const struct slot *slots, unsigned count)
{
	uint64_t clock = os_stopwatch();

	lock_acquire(&arena->lock);
	mail_open(arena);
	slots_return(arena, slots, count);
	arena->flushes++;
	arena->flush_ns += os_stopwatch_since(clock);
	lock_release(&arena->lock);
}

runs_seldom void slab_send(struct arena *arena, const struct slot *slots, unsigned count)
{
	if (!mail_put(&arena->mail, slots, count))
		slab_flush(arena, slots, count);
}

runs_seldom void slab_fork_child(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arena(i) != NULL; i++)
		mail_fork_child(slab_arena(i)->mail);
}

/* --- Fill: slots leave their slabs -------------------------------------------------------------- */

static struct slab *slab_to_fill_from(struct arena *arena, unsigned class)
{
	for (unsigned fullness = SLAB_FULLNESSES; fullness-- > 0;)
		if (arena->partial[class][fullness] != NULL)
			return arena->partial[class][fullness];
	return slab_new(arena, class);
}

/* Takes the lowest free slots of a slab, and puts them down from end on, the lowest last: magazines are
 * popped from the end, so it goes first. Those that turn out to be in use stay with their users. A word of
 * bits and the count change together, as who reads from outside expects the two to agree.
 * Requires: it has that many. Returns: how many were taken. */
static unsigned slots_take(struct slab *slab, struct slot *end, unsigned count)
{
	uint32_t slot_bytes = class_of(slab)->slot_bytes;
	uintptr_t start = slab->start;
	uint8_t *states = slab_states(slab);
	unsigned word = slab->first_word;
	unsigned free = slab->free - count; /* in the end */
	unsigned taken = count;

	for (;; word++) {
		uint64_t bits = slab->free_bits[word];
		/* Who freed these slots has their states: another core, where blocks are handed over. */
		__builtin_prefetch(states + (word + 1) * WORD_BITS);
		for (; bits != 0 && count > 0; bits &= bits - 1, count--) {
			unsigned slot = word * WORD_BITS + (unsigned)__builtin_ctzll(bits);
			if (unlikely(states[slot] == SLOT_LIVE)) {
				ptr_tell_twice(slot_start(slab, slot));
				taken--;
				continue;
			}
			end--;
			end->ptr = (void *)(start + (uintptr_t)slot * slot_bytes);
			end->state = states + slot;
		}
		slab->free_bits[word] = bits;
		slab->free = (uint16_t)(free + count);
		if (count == 0)
			break;
	}
	slab->first_word = (uint16_t)word;
	return taken;
}

/* Takes a free slot by chance, out of the first few hundred: all of the slab would cost far more misses of
 * the caches. Requires: there is one. */
static unsigned slot_take_any(struct slab *slab, uint64_t chance)
{
	unsigned slots = class_of(slab)->slots;
	unsigned word = slab->first_word;

	while (slab->free_bits[word] == 0)
		word++;
	slab->first_word = (uint16_t)word;
	unsigned other = word + (unsigned)(chance >> 8) % 4;
	if (other < words_of(slots) && slab->free_bits[other] != 0)
		word = other;
	/* The first free one from a slot by chance on, else the lowest. */
	unsigned span = slots - word * WORD_BITS;
	uint64_t from = (chance >> 32) * (span < WORD_BITS ? span : WORD_BITS) >> 32;
	uint64_t bits = slab->free_bits[word] & UINT64_MAX << from;
	if (bits == 0)
		bits = slab->free_bits[word];
	unsigned bit = (unsigned)__builtin_ctzll(bits);
	slab->free_bits[word] &= ~((uint64_t)1 << bit);
	slab->free--;
	return word * WORD_BITS + bit;
}

/* Before slots leave a slab, and after. */
static void slab_leave(struct arena *arena, struct slab *slab)
{
	if (slab->free == class_of(slab)->slots)
		arena->empty_slabs[slab->sizeclass]--;
	if (slab->idle_since != 0)
		idle_remove(arena, slab);
}

static void slab_left(struct arena *arena, struct slab *slab)
{
	if (slab->free == 0) {
		list_remove(arena, slab);
	} else if (fullness_of(slab) != slab->fullness) {
		list_remove(arena, slab);
		list_add(arena, slab);
	}
}

static unsigned slab_fill_from(struct arena *arena, struct slab *slab, struct slot *end,
                               unsigned wanted)
{
	unsigned count = wanted < slab->free ? wanted : slab->free;

	slab_leave(arena, slab);
	count = slots_take(slab, end, count);
	slab_left(arena, slab);
	return count;
}

runs_seldom unsigned slab_take_held(struct arena *arena, unsigned class, uint64_t chance,
                                    struct slab **from, uint16_t *slots, unsigned wanted)
{
	struct slab *slab = slab_to_fill_from(arena, class);

	if (slab == NULL)
		return 0;
	unsigned count = wanted < slab->free ? wanted : slab->free;
	slab_leave(arena, slab);
	for (unsigned i = 0; i < count; i++) {
		slots[i] = (uint16_t)slot_take_any(slab, chance);
		chance = chance * 0x9e3779b97f4a7c15u + 1;
	}
	slab_left(arena, slab);
	arena->slots_filled += count;
	*from = slab;
	return count;
}

unsigned slab_fill(struct arena *arena, unsigned class, struct slot *slots, unsigned wanted)
{
	unsigned count = 0;
	uint64_t clock = os_stopwatch();

	lock_acquire(&arena->lock);
	mail_open(arena);
	while (count < wanted) {
		struct slab *slab = slab_to_fill_from(arena, class);
		if (slab == NULL)
			break;
		count += slab_fill_from(arena, slab, slots + wanted - count, wanted - count);
	}
	arena->fills++;
	arena->slots_filled += count;
	arena->fill_ns += os_stopwatch_since(clock);
	lock_release(&arena->lock);
	if (unlikely(count < wanted))
		memmove(slots, slots + wanted - count, count * sizeof *slots);
	return count;
}

void slab_populate(const struct slot *slots, unsigned count, unsigned class, bool many)
{
	size_t most = many ? POPULATE_SLOT_BYTES_MAX_MANY : POPULATE_SLOT_BYTES_MAX;
	size_t slot_bytes = sizeclasses[class].slot_bytes;
	uintptr_t start = (uintptr_t)slots[count - 1].ptr;
	uintptr_t end = (uintptr_t)slots[0].ptr + slot_bytes;

	if (slot_bytes > most || slots[0].ptr == AWAKE_NO_ADDRESS ||
	    slots[count - 1].ptr == AWAKE_NO_ADDRESS || end - start > 2 * count * slot_bytes ||
	    *slots[0].state != SLOT_FRESH || *slots[count - 1].state != SLOT_FRESH)
		return;
	start = (start + os_page_bytes - 1) & -os_page_bytes;
	end = (end + os_page_bytes - 1) & -os_page_bytes;
	if (end > start + os_page_bytes)
		os_populate((void *)start, end - start);
}

/* --- Purge: idle OS pages go back --------------------------------------------------------------- */

/* Whether all slots from first to last are in the slab. */
static bool slots_are_home(const struct slab *slab, unsigned first, unsigned last)
{
	uint64_t from = UINT64_MAX << first % WORD_BITS;

	for (unsigned word = first / WORD_BITS; word < last / WORD_BITS; word++, from = UINT64_MAX)
		if ((~slab->free_bits[word] & from) != 0)
			return false;
	return (~slab->free_bits[last / WORD_BITS] & from &
	        UINT64_MAX >> (WORD_BITS - 1 - last % WORD_BITS)) == 0;
}

/* Whether no slot that touches the OS page is in use, and one of them was handed out before. */
static bool os_page_is_idle(const struct slab *slab, unsigned page)
{
	uint32_t slot_bytes = class_of(slab)->slot_bytes;
	unsigned first = (unsigned)(((size_t)page << os_page_shift) / slot_bytes);
	unsigned last = (unsigned)((((size_t)page + 1) << os_page_shift) - 1) / slot_bytes;

	if (last >= class_of(slab)->slots)
		last = class_of(slab)->slots - 1u;
	if (!slots_are_home(slab, first, last))
		return false;
	for (unsigned slot = first; slot <= last; slot++)
		if (slab_states(slab)[slot] != SLOT_FRESH)
			return true;
	return false;
}

/* After the bytes from start to end of a slab were purged: slots wholly inside read as zero. */
static void slots_set_fresh(struct slab *slab, size_t start, size_t end)
{
	uint32_t slot_bytes = class_of(slab)->slot_bytes;
	unsigned first = (unsigned)((start + slot_bytes - 1) / slot_bytes);
	unsigned last = (unsigned)(end / slot_bytes);

	if (last > class_of(slab)->slots)
		last = class_of(slab)->slots;
	if (first < last)
		memset(slab_states(slab) + first, SLOT_FRESH, last - first);
}

static size_t slab_purge_pages(struct slab *slab)
{
	unsigned pages = (unsigned)(class_of(slab)->heap_pages * HEAP_PAGE_BYTES >> os_page_shift);
	size_t purged = 0;

	for (unsigned page = 0; page < pages; page++) {
		unsigned run = page;
		while (run < pages && os_page_is_idle(slab, run))
			run++;
		size_t start = (size_t)page << os_page_shift;
		size_t end = (size_t)run << os_page_shift;
		if (run > page &&
		    heap_purge_range(heap_process, slab->start + start, end - start)) {
			slots_set_fresh(slab, start, end);
			purged += end - start;
		}
		page = run;
	}
	return purged;
}

static size_t slab_purge_whole(struct arena *arena, struct slab *slab)
{
	size_t bytes = class_of(slab)->heap_pages * HEAP_PAGE_BYTES;
	bool purged = heap_purge_range(heap_process, slab->start, bytes);

	slab_retire(arena, slab, purged ? HEAP_ZERO : HEAP_DIRTY);
	return purged ? bytes : 0;
}

/* Purges the slab of an arena that has been idle longest. Returns: false when none is old enough, or the system
 * does not let it go: it waits anew then. */
static bool arena_purge_one(struct arena *arena, uint32_t now_ms, uint32_t age_ms, size_t *purged)
{
	bool done = false;

	lock_acquire(&arena->lock);
	mail_open(arena);
	struct slab *slab = arena->idle_first;
	if (slab != NULL && os_has_passed(now_ms, slab->idle_since, age_ms)) {
		bool empty = slab->free == class_of(slab)->slots;
		idle_remove(arena, slab);
		done = !empty || slab_unguard(slab);
		if (empty && done)
			*purged += slab_purge_whole(arena, slab);
		else
			*purged += slab_purge_pages(slab);
		if (!done)
			idle_add(arena, slab);
	}
	lock_release(&arena->lock);
	return done;
}

runs_seldom size_t slab_purge(uint32_t now_ms, uint32_t age_ms)
{
	size_t purged = 0;

	for (unsigned i = 0; i < ARENAS_MAX && slab_arena(i) != NULL; i++)
		while (arena_purge_one(slab_arena(i), now_ms, age_ms, &purged))
			;
	return purged;
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

	for (unsigned slot = 0; slot < class_of(slab)->slots; slot++)
		counts.live += slab_states(slab)[slot] == SLOT_LIVE;
	counts.free = slab->free;
	if (counts.live + counts.free < class_of(slab)->slots)
		counts.cached = class_of(slab)->slots - counts.live - counts.free;
	return counts;
}

static bool slab_is_ok(const struct slab *slab, const struct arena *arena)
{
	unsigned free = 0;

	for (unsigned slot = 0; slot < class_of(slab)->slots; slot++) {
		if (!bit_is_set(slab, slot))
			continue;
		free++;
		if (slab_states(slab)[slot] == SLOT_LIVE || slot / WORD_BITS < slab->first_word)
			return false;
	}
	return free == slab->free && free != 0 && slab->arena == arena->number &&
	       slab->settle_at <= settle_next(slab) &&
	       slab_states(slab)[class_of(slab)->slots] == SLOT_FRESH &&
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
				empty += slab->free == class_of(slab)->slots;
			}
		}
		ok = ok && empty == arena->empty_slabs[class];
	}
	lock_release(&arena->lock);
	return ok;
}
