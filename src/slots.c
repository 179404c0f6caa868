/*
 * slots - deals the slots of slabs out in batches, and takes them home.
 *
 * Holds:  nothing: what is known of slots lies in the records of their slabs.
 * Always: slots leave in address order, from the fullest slabs first, so that the emptiest become idle.
 * Locks:  arena->lock (rank ARENA), one at a time; may then take HEAP and PAGE_B.
 */
#include "slots.h"
#include "clock.h"
#include "os.h"
#include "touch.h"

#include <string.h>

/* Of slots up to this size, users touch every page; and mostly of larger ones, where they want many. */
#define POPULATE_SLOT_BYTES_MAX      1024u
#define POPULATE_SLOT_BYTES_MAX_MANY 8192u

void (*slots_came_twice)(void *ptr);

/* --- Flush: slots come home --------------------------------------------------------------------- */

/* Two threads that free a slot within a few instructions of each other both find it live: it is in two
 * places then, until it comes home from one of them, or leaves the slab, while the other's is still about. */
__attribute__((noinline, cold)) static void ptr_tell_twice(void *ptr)
{
	expect(slots_came_twice != NULL);
	if (slots_came_twice != NULL)
		slots_came_twice(ptr);
}

/* Puts slots back, at once those that follow one another in one word of the slab, as neighbours mostly do: their
 * bits and the count change together.
 * Requires: the first is of the slab. Returns: the first that is not in its word, or end. */
static inline const struct slot *slots_put(struct slab *slab, size_t total, const struct slot *slot,
                                           const struct slot *end)
{
	size_t word = (size_t)(slot->state - slab_states(slab)) / SLAB_WORD_BITS;
	const uint8_t *states = slab_states(slab) + word * SLAB_WORD_BITS;
	size_t width = total - word * SLAB_WORD_BITS;
	uint64_t bits = slab->free_bits[word];
	unsigned free = slab->free;

	if (width > SLAB_WORD_BITS)
		width = SLAB_WORD_BITS;
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

void slots_open_mail(struct arena *arena)
{
	struct mail *box = __atomic_load_n(&arena->mail, __ATOMIC_ACQUIRE);
	const struct slot *slots;

	if (box == NULL)
		return;
	unsigned count = mail_take(box, &slots);
	if (count != 0)
		slots_return(arena, slots, count);
}

runs_seldom void slots_return_held(struct arena *arena, struct slab *slab, unsigned slot)
{
	struct slot home = {.ptr = slab_slot(slab, slot), .state = slab_states(slab) + slot};
	unsigned free_before = slab->free;

	slots_put(slab, slab_class(slab)->slots, &home, &home + 1);
	if (slab->free >= slab->settle_at)
		slab_settle(arena, slab, free_before);
	arena->slots_flushed++;
}

void slots_flush(struct arena *arena, const struct slot *slots, unsigned count)
{
	uint64_t clock = clock_stopwatch();

	lock_acquire(&arena->lock);
	slots_open_mail(arena);
	slots_return(arena, slots, count);
	arena->flushes++;
	arena->flush_ns += clock_stopwatch_since(clock);
	lock_release(&arena->lock);
}

runs_later void slots_send(struct arena *arena, const struct slot *slots, unsigned count)
{
	if (!mail_put(&arena->mail, slots, count))
		slots_flush(arena, slots, count);
}

runs_later void slots_fork_child(void)
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
	uint32_t slot_bytes = slab_class(slab)->slot_bytes;
	uintptr_t start = slab->start;
	uint8_t *states = slab_states(slab);
	unsigned word = slab->first_word;
	unsigned free = slab->free - count; /* in the end */
	unsigned taken = count;

	for (;; word++) {
		uint64_t bits = slab->free_bits[word];
		/* Who freed these slots has their states: another core, where blocks are handed over. */
		__builtin_prefetch(states + (word + 1) * SLAB_WORD_BITS);
		for (; bits != 0 && count > 0; bits &= bits - 1, count--) {
			unsigned slot = word * SLAB_WORD_BITS + (unsigned)__builtin_ctzll(bits);
			if (unlikely(states[slot] == SLOT_LIVE)) {
				ptr_tell_twice(slab_slot(slab, slot));
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
runs_seldom static unsigned slot_take_any(struct slab *slab, uint64_t chance)
{
	unsigned slots = slab_class(slab)->slots;
	unsigned word = slab->first_word;

	while (slab->free_bits[word] == 0)
		word++;
	slab->first_word = (uint16_t)word;
	unsigned other = word + (unsigned)(chance >> 8) % 4;
	if (other < slab_words(slots) && slab->free_bits[other] != 0)
		word = other;
	/* The first free one from a slot by chance on, else the lowest. */
	unsigned span = slots - word * SLAB_WORD_BITS;
	uint64_t from = (chance >> 32) * (span < SLAB_WORD_BITS ? span : SLAB_WORD_BITS) >> 32;
	uint64_t bits = slab->free_bits[word] & UINT64_MAX << from;
	if (bits == 0)
		bits = slab->free_bits[word];
	unsigned bit = (unsigned)__builtin_ctzll(bits);
	slab->free_bits[word] &= ~((uint64_t)1 << bit);
	slab->free--;
	return word * SLAB_WORD_BITS + bit;
}

static unsigned fill_from(struct arena *arena, struct slab *slab, struct slot *end, unsigned wanted)
{
	unsigned count = wanted < slab->free ? wanted : slab->free;

	slab_leave(arena, slab);
	count = slots_take(slab, end, count);
	slab_left(arena, slab);
	return count;
}

runs_seldom unsigned slots_take_held(struct arena *arena, unsigned class, uint64_t chance,
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

unsigned slots_fill(struct arena *arena, unsigned class, struct slot *slots, unsigned wanted)
{
	unsigned count = 0;
	uint64_t clock = clock_stopwatch();

	lock_acquire(&arena->lock);
	slots_open_mail(arena);
	while (count < wanted) {
		struct slab *slab = slab_to_fill_from(arena, class);
		if (slab == NULL)
			break;
		count += fill_from(arena, slab, slots + wanted - count, wanted - count);
	}
	arena->fills++;
	arena->slots_filled += count;
	arena->fill_ns += clock_stopwatch_since(clock);
	lock_release(&arena->lock);
	if (unlikely(count < wanted))
		memmove(slots, slots + wanted - count, count * sizeof *slots);
	return count;
}

void slots_populate(const struct slot *slots, unsigned count, unsigned class, bool many)
{
	size_t most = many ? POPULATE_SLOT_BYTES_MAX_MANY : POPULATE_SLOT_BYTES_MAX;
	size_t slot_bytes = sizeclasses[class].slot_bytes;
	uintptr_t start = (uintptr_t)slots[count - 1].ptr;
	uintptr_t end = (uintptr_t)slots[0].ptr + slot_bytes;

	if (slot_bytes > most || end - start > 2 * count * slot_bytes ||
	    *slots[0].state != SLOT_FRESH || *slots[count - 1].state != SLOT_FRESH)
		return;
	start = os_whole_pages(start);
	end = os_whole_pages(end);
	if (end > start + os_page_bytes)
		touch_ahead((void *)start, end - start);
}
