/*
 * slab.h - arenas, and slabs: cells of the core cut into equal slots.
 *
 * A slot is in one of three places, told by its state byte and its bit in the slab:
 *
 *     in the slab      bit set     FRESH or DEAD     slots_fill takes it out
 *     in a magazine    bit clear   FRESH or DEAD     malloc pops it
 *     with the user    bit clear   LIVE              free pushes it into a magazine
 *
 * FRESH: never handed out since its memory was mapped or purged, so it reads as zero.
 * State bytes are written by whoever owns the slot at the time; bits under the arena's lock.
 */
#ifndef SLAB_H
#define SLAB_H

#include "bins.h"
#include "lock.h"
#include "mail.h"
#include "pagemap.h"
#include "sizeclass.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The room above keeps slots in magazines, of which the page map knows the size, and where among those of a
 * thread free finds the first: set before the first slab. */
#define SLAB_MAGAZINE_BYTES 16u
extern unsigned slab_magazines_at;

#define SLAB_FULLNESSES 4

/* Of free_bits. */
#define SLAB_WORD_BITS 64u

static inline unsigned slab_words(unsigned slots)
{
	return (slots + SLAB_WORD_BITS - 1) / SLAB_WORD_BITS;
}

/* Kept in Page B, and directly behind it: a state byte a slot, one more, and a bit a slot. */
struct slab {
	struct slab *previous; /* in its arena's list for its class and fullness */
	struct slab *next;
	struct slab *idle_previous; /* in its arena's list of slabs that lost slots of late */
	struct slab *idle_next;
	uintptr_t start;
	uint64_t *free_bits;
	uint16_t *sizes;     /* hardened mode: what was asked for, a number a slot; else NULL */
	uint8_t *origins;    /* HALLOC_MISMATCH: what made the block, a byte a slot; else NULL */
	uint32_t idle_since; /* ms; 0: not in the idle list */
	uint16_t free;       /* slots in the slab */
	uint16_t first_word; /* no free slot has its bit below this word */
	uint16_t arena;
	uint8_t sizeclass;
	uint8_t fullness;
	bool guarded;       /* hardened mode: a guard follows */
	uint16_t settle_at; /* with fewer free slots it is in the right lists; 0: not known */
};

_Static_assert(sizeof(struct slab) % 8 == 0, "the states follow directly");

/* The state bytes of a slab's slots. */
static inline uint8_t *slab_states(const struct slab *slab)
{
	return (uint8_t *)(uintptr_t)(slab + 1);
}

/* How many there are of so many slots, with the one more, up to where the words of bits start. */
static inline size_t slab_states_bytes(unsigned slots)
{
	return (slots + 1 + sizeof(uint64_t) - 1) & -sizeof(uint64_t);
}

/* The bytes of a slab in Page B, with all that is directly behind it. */
static inline size_t slab_record_bytes(unsigned slots)
{
	return sizeof(struct slab) + slab_states_bytes(slots) +
	       slab_words(slots) * sizeof(uint64_t);
}

/* Whether a slot is in the slab, of which these are the words of bits. */
static inline bool slab_slot_is_free(const uint64_t *free_bits, unsigned slot)
{
	return (free_bits[slot / SLAB_WORD_BITS] >> slot % SLAB_WORD_BITS & 1) != 0;
}

struct arena {
	struct lock lock;
	uint16_t number;
	bool inaccessible; /* its slots can be neither read nor written, and its slabs stay */
	uint32_t users;    /* threads; guarded by the room above */
	struct slab *partial[SIZECLASS_COUNT][SLAB_FULLNESSES];
	uint8_t empty_slabs[SIZECLASS_COUNT];
	struct slab *idle_first; /* the longest idle */
	struct slab *idle_last;
	struct mail *mail; /* slots on their way home; NULL until there are some */
	uint64_t fills;
	uint64_t flushes;
	uint64_t slots_filled;
	uint64_t slots_flushed;
	uint64_t fill_ns; /* time in these calls, while the statistics are on */
	uint64_t flush_ns;
	uint32_t slabs[SIZECLASS_COUNT]; /* those that there are, whatever is in them */
};

#define ARENAS_MAX 256u

/* Those that exist, from number 0 without gaps. */
extern struct arena *slab_arenas[ARENAS_MAX];

/* The arena of a number; NULL when there is none yet. Any thread may be making the next. */
static inline struct arena *slab_arena(unsigned number)
{
	return __atomic_load_n(&slab_arenas[number], __ATOMIC_ACQUIRE);
}

/* Tells Page B's header where arenas and slabs are found. */
void slab_boot(void);

/* Makes the next arena, from any thread. Locks: the caller holds none.
 * Returns: NULL without memory, or when there are limit of them. */
struct arena *slab_arena_new(unsigned limit);

/* Hardened mode, set before the first slab: slabs are hidden from the fast paths, a guard follows each. */
extern bool slab_hidden;

/* The same, set before the first slab: slabs have room for origins. */
extern bool slab_has_origins;

static inline const struct sizeclass *slab_class(const struct slab *slab)
{
	return &sizeclasses[slab->sizeclass];
}

static inline struct slab *slab_of_entry(const struct pagemap_entry *entry)
{
	return (struct slab *)entry->states - 1;
}

static inline void *slab_slot(const struct slab *slab, unsigned slot)
{
	return (void *)(slab->start + (size_t)slot * slab_class(slab)->slot_bytes);
}

/* --- For the rooms that deal slots out. Locks: the arena's is held -------------------------------- */

/* Makes a slab, all of it free. Returns: NULL with ENOMEM. */
struct slab *slab_new(struct arena *arena, unsigned class);

/* Gives a slab without slots in use, and without a guard, back to the core. */
void slab_retire(struct arena *arena, struct slab *slab, enum heap_contents contents);

/* Opens the guard of a slab that is to go. Returns: false where the system refuses that: it stays, for now. */
bool slab_unguard(struct slab *slab);

/* Puts a slab where it belongs after slots came back to it; it had so many free before. */
void slab_settle(struct arena *arena, struct slab *slab, unsigned free_before);

/* Before slots leave a slab, and after. */
void slab_leave(struct arena *arena, struct slab *slab);
void slab_left(struct arena *arena, struct slab *slab);

/* Into the list of slabs that lost slots, and out of it. */
void slab_idle_add(struct arena *arena, struct slab *slab);
void slab_idle_remove(struct arena *arena, struct slab *slab);

/* --- For all --------------------------------------------------------------------------------------- */

/* The slab whose heap cell starts at start; NULL when it is not, or not yet, one. */
struct slab *slab_at(const void *start);

/* The slots of a slab by what they are, counted now. Other threads may be changing them. */
struct slab_counts {
	unsigned live;
	unsigned cached; /* in magazines and outboxes */
	unsigned free;
};
struct slab_counts slab_count(const struct slab *slab);

/* Walks the slabs of an arena. Returns: false when a rule is broken. */
bool slab_ok(struct arena *arena);

#endif
