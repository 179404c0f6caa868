/*
 * quarantine.h - where the slots of hardened mode wait, from the free of a block to the next malloc.
 *
 *     freed -> among the last -> in quarantine, so long as chance has it -> ready, or in its slab
 *
 * Locks: those that say so lock the arena; in all others its lock is held.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "inspect.h"
#include "slots.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Freed slots are looked at again whenever one is handed out, the last so many; then they wait, so many of
 * them, before one of them, by chance, may be handed out again. */
#define QUARANTINE_RECENT          2u
#define QUARANTINE_SMALL_CLASS_MAX 31u /* 1024 bytes */
#define QUARANTINE_SMALL           256u
#define QUARANTINE_LARGER          16u

/* So much of a slot is looked at while it is among the last that were freed. All of it is when it is handed out. */
#define QUARANTINE_RECENT_BYTES 64u

/* So many slots of a class are ready at most. */
#define QUARANTINE_READY_MAX 32u

#define QUARANTINES_MAX 16u

#define UNIT_BITS  44
#define CLASS_BITS 7
#define SLOT_BITS  12

/* A slot that is outside of its slab, though nobody's: a word, as there are many. */
struct freed {
	uint64_t unit : UNIT_BITS; /* where it starts in Page A, by steps of 16 bytes */
	uint64_t class : CLASS_BITS;
	uint64_t slot : SLOT_BITS;
	uint64_t used : 1; /* 0: there is none */
};

_Static_assert(sizeof(struct freed) == sizeof(uint64_t), "a word");
_Static_assert(SIZECLASS_COUNT <= 1 << CLASS_BITS, "classes have room");
_Static_assert(HEAP_PAGE_BYTES / SIZECLASS_STEP <= 1 << SLOT_BITS, "slots have room");

/* One of the last that were freed. */
struct recent {
	const unsigned char *block; /* some zeros, where there is none */
	struct freed freed;
	size_t last; /* where the last 16 bytes that are to be looked at begin */
};

/* To take one out of these costs a tenth of what it costs to take one out of a slab. The next is drawn in
 * time for its memory to come into the caches: its number is below count, or 0. */
struct ready {
	uint32_t room;
	unsigned count;
	unsigned least; /* with so many and no more, some are to come out of the slabs */
	unsigned most;
	unsigned next;
	bool again; /* not the first slab of the class */
	struct freed slots[QUARANTINE_READY_MAX];
};

struct quarantine {
	struct arena *arena;
	uint64_t random;
	unsigned next_recent;
	struct recent recent[QUARANTINE_RECENT]; /* a ring: the oldest at next_recent */
	struct ready *ready[SIZECLASS_COUNT];    /* NULL: there was none yet */
	struct freed small[QUARANTINE_SMALL];
	struct freed larger[QUARANTINE_LARGER];
};

/* Those of the arenas, by number, and how many of these threads share: 0 until the room is ready. Then comes the one
 * of blocks without bytes, whose slabs are inaccessible. */
extern struct quarantine *quarantines[QUARANTINES_MAX + 1] __attribute__((visibility("hidden")));
extern unsigned quarantines_used __attribute__((visibility("hidden")));
extern struct quarantine *quarantine_of_zero __attribute__((visibility("hidden")));

/* After the slabs. Returns: false without memory. */
bool quarantine_boot(void);

/* Puts all that waits back into the slabs. Locks: the arenas'. Returns: whether anything waited. */
bool quarantine_give_back(void);

/* Looks at all that waits; arenas that are at work are left out. Locks: the arenas'. */
void quarantine_sweep(void);

/* --- Finding ------------------------------------------------------------------------------------ */

/* A live slot, found by its address. */
struct found {
	struct inspected at;
	struct quarantine *quarantine;
	uint8_t class;
	uint8_t *origins; /* of quarantine_find_own alone */
};

/* Finds the live slot that ptr starts, in a slab of the quarantine's arena, which is locked where the slot may
 * go. */
static inline bool quarantine_find_in(struct quarantine *quarantine,
                                      const struct pagemap_entry *entry, const void *ptr,
                                      struct found *found)
{
	uint64_t rest;

	/* First the kind: a slab of another arena may come here meanwhile, and is to be known for such. */
	if (__atomic_load_n(&entry->kind, __ATOMIC_ACQUIRE) != PAGEMAP_HIDDEN ||
	    entry->arena != quarantine->arena->number)
		return false;
	const struct sizeclass *shape = &sizeclasses[entry->sizeclass];
	uint64_t slot = sizeclass_divide((uintptr_t)ptr - entry->start, shape->reciprocal, &rest);
	if (rest >= shape->reciprocal || slot >= shape->slots || entry->states[slot] != SLOT_LIVE)
		return false;
	struct slab *slab = slab_of_entry(entry);
	found->at = (struct inspected){.slab = slab,
	                               .slot = (unsigned)slot,
	                               .slots = shape->slots,
	                               .room = shape->slot_bytes,
	                               .states = entry->states,
	                               .sizes = slab->sizes};
	found->quarantine = quarantine;
	found->class = entry->sizeclass;
	return true;
}

/* Has the memory come that free looks at: both ends of the block, and those ends of its neighbours where
 * slack is. Inline always: gcc leaves out calls of a function that does nothing else. */
__attribute__((always_inline)) static inline void quarantine_look_ahead(const char *block,
                                                                        uint32_t room)
{
	__builtin_prefetch(block, 1);
	__builtin_prefetch(block + room - 1, 1);
	__builtin_prefetch(block - 1);
	__builtin_prefetch(block + 2 * (size_t)room - 1);
}

/* As quarantine_find_in, of whichever arena. Locks: the arena's, which is held afterwards; it is not where the
 * answer is false. */
__attribute__((always_inline)) static inline bool quarantine_find_live(const void *ptr,
                                                                       struct found *found)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (entry == NULL || entry->kind != PAGEMAP_HIDDEN)
		return false;
	struct quarantine *quarantine = quarantines[entry->arena];
	quarantine_look_ahead(ptr, sizeclasses[entry->sizeclass].slot_bytes);
	lock_acquire(&quarantine->arena->lock);
	/* The slab may have gone, or another come, before the lock was ours. */
	if (likely(quarantine_find_in(quarantine, entry, ptr, found)))
		return true;
	lock_release(&quarantine->arena->lock);
	return false;
}

/* As quarantine_find_live, and nothing is locked: nobody but who asks is to free the block. If somebody does all the
 * same, sizes and origins are still of Page B, and may be read. */
static inline bool quarantine_find_own(const void *ptr, struct found *found)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (entry == NULL || entry->kind != PAGEMAP_HIDDEN)
		return false;
	if (!quarantine_find_in(quarantines[entry->arena], entry, ptr, found))
		return false;
	found->origins = found->at.slab->origins;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return entry->states == found->at.states && entry->kind == PAGEMAP_HIDDEN &&
	       found->at.states[found->at.slot] == SLOT_LIVE;
}

/* --- Those that wait ---------------------------------------------------------------------------- */

static inline struct freed freed_of(const unsigned char *block, unsigned class, unsigned slot)
{
	uint64_t unit = ((uintptr_t)block - pagemap.base) / SIZECLASS_STEP;

	return (struct freed){.unit = unit & (((uint64_t)1 << UNIT_BITS) - 1),
	                      .class = class & ((1u << CLASS_BITS) - 1),
	                      .slot = slot & ((1u << SLOT_BITS) - 1),
	                      .used = 1};
}

static inline unsigned char *freed_block(struct freed freed)
{
	return (unsigned char *)pagemap.base + (size_t)freed.unit * SIZECLASS_STEP;
}

static inline struct slab *freed_slab(struct freed freed)
{
	return slab_of_entry(pagemap.entries + (freed.unit * SIZECLASS_STEP >> HEAP_PAGE_SHIFT));
}

/* Quick and not for keys: which slot comes next is what must not be plain to see. (Marsaglia: Xorshift
 * RNGs, 2003.) */
static inline uint64_t quarantine_chance(struct quarantine *quarantine)
{
	uint64_t random = quarantine->random;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	quarantine->random = random;
	return random;
}

/* Tells what is wrong with the last that were freed. */
void recent_tell(const struct quarantine *quarantine);

/* A program that writes to what it has just freed may never come by that slot again. */
static inline void recent_check(const struct quarantine *quarantine)
{
	slack_pair any = {0, 0};

	for (unsigned i = 0; i < QUARANTINE_RECENT; i++) {
		const struct recent *recent = &quarantine->recent[i];
		any |= inspect_few(recent->block, recent->last);
	}
	if (unlikely(slack_pair_any(any)))
		recent_tell(quarantine);
}

/* Draws the next one, and has what will be touched come. */
__attribute__((always_inline)) static inline void ready_draw(struct quarantine *quarantine,
                                                             struct ready *ready)
{
	ready->next = (unsigned)((quarantine_chance(quarantine) >> 32) * ready->count >> 32);
	struct freed next = ready->slots[ready->next];
	const unsigned char *block = freed_block(next);
	const struct slab *slab = freed_slab(next);
	__builtin_prefetch(block, 1);
	__builtin_prefetch(block + 64, 1);
	__builtin_prefetch(slab_states(slab) + next.slot, 1);
	__builtin_prefetch(slab->sizes + next.slot, 1);
}

/* Where few are ready, sees to it that there are more. Keeps errno: the block may be had in another way.
 * Returns: NULL without memory for one. */
struct ready *ready_refill(struct quarantine *quarantine, unsigned class);

static inline struct ready *ready_find(struct quarantine *quarantine, unsigned class)
{
	struct ready *ready = quarantine->ready[class];

	if (likely(ready != NULL && ready->count > ready->least))
		return ready;
	return ready_refill(quarantine, class);
}

/* Takes one of those that are ready, by chance; about half of what may be ready is to choose from. */
static inline struct freed ready_take(struct quarantine *quarantine, struct ready *ready)
{
	expect(ready->next < ready->count);
	struct freed taken = ready->slots[ready->next];
	ready->slots[ready->next] = ready->slots[--ready->count];
	ready_draw(quarantine, ready);
	return taken;
}

/* Where enough of its class are ready, a slot goes back to its slab. */
static inline void ready_put(struct quarantine *quarantine, struct freed freed)
{
	struct ready *ready = quarantine->ready[freed.class];

	if (likely(ready != NULL && ready->count < ready->most))
		ready->slots[ready->count++] = freed;
	else
		slots_return_held(quarantine->arena, freed_slab(freed), freed.slot);
}

/* Puts a freed slot, which is zero, among the last ones, and the oldest of these into quarantine; the one whose
 * place it takes may be had again. */
static inline void quarantine_keep(struct quarantine *quarantine, unsigned char *block,
                                   struct freed freed, uint32_t room)
{
	struct recent *recent = &quarantine->recent[quarantine->next_recent++ % QUARANTINE_RECENT];
	struct freed waits = recent->freed;
	struct freed *place;

	recent->block = block;
	recent->freed = freed;
	recent->last = inspect_least(room, QUARANTINE_RECENT_BYTES) - SLACK_PAIR_BYTES;
	if (unlikely(!waits.used))
		return;
	if (likely(waits.class <= QUARANTINE_SMALL_CLASS_MAX))
		place = &quarantine->small[quarantine_chance(quarantine) % QUARANTINE_SMALL];
	else
		place = &quarantine->larger[quarantine_chance(quarantine) % QUARANTINE_LARGER];
	struct freed leaves = *place;
	*place = waits;
	if (likely(leaves.used))
		ready_put(quarantine, leaves);
}

#endif
