/*
 * tcache.h - what a thread keeps at hand: a magazine of free slots for each class, and an outbox.
 *
 * The fast paths of malloc and free, in the room hits, touch nothing else, and nothing shared. A slot that belongs to
 * another arena than the thread's goes to the outbox, and home from there in batches.
 * What a thread has at hand that sleeps goes back to the slabs: other threads see to that.
 *
 * While one allocation in N is sampled, free puts slots into a second set of magazines, and the two of a
 * class change places when the first is empty: so a magazine's slots are as many allocations, counted when
 * they are put there, and the fast paths need not count. A slot whose turn it will be is masked: its ptr is
 * that of the bottom, so malloc comes to the slow path; the place of its state keeps the ptr.
 */
#ifndef TCACHE_H
#define TCACHE_H

#include "awake.h"
#include "report.h"
#include "slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stack of slots, from the bottom up; the ptr of the slot below the lowest is AWAKE_NO_ADDRESS. */
struct magazine {
	struct slot *top;   /* the next free place */
	struct slot *limit; /* where it ends */
};

_Static_assert(sizeof(struct magazine) == SLAB_MAGAZINE_BYTES, "as the page map has it");

#define TCACHE_OUTBOX_SLOTS 64u

#define TCACHE_OUTBOX_CHANGES UINT8_MAX

/* No arena has this number: what threads without a cache carry. */
#define TCACHE_ARENA_NONE UINT16_MAX

/* Kept in Page B, and directly behind it what the stand-ins below have no use for. */
struct tcache {
	struct magazine magazines[SIZECLASS_COUNT];
	uint16_t arena_number;
	uint16_t outbox_count;
	bool samples;     /* free puts slots into the returns */
	uint8_t changing; /* a class and 1, or TCACHE_OUTBOX_CHANGES: not in order at the moment */
	uint16_t capacities[SIZECLASS_COUNT]; /* of the magazines, and of the returns, in slots */
	struct arena *arena;
	struct tcache *previous; /* in the list of all caches */
	struct tcache *next;
};

struct tcache_more {
	uint8_t busy;    /* not 0: its thread is at it, other than by a fast path */
	bool wanted;     /* another thread is going to empty it */
	bool emptied;    /* since its thread was last at it */
	uint8_t rounds;  /* so many, its thread was not at it */
	uint32_t visits; /* of its thread: how often it was at it */
	uint32_t visits_seen;
	uint64_t sample_in; /* allocations until the next to be sampled */
	uint64_t random;
	uint32_t outbox_bytes; /* in slots that are not small */
	struct slot outbox[TCACHE_OUTBOX_SLOTS];
	uint16_t outbox_arenas[TCACHE_OUTBOX_SLOTS]; /* where each goes */
	uint8_t misses[SIZECLASS_COUNT];             /* refills, up to twice many */
	struct magazine
	        returns[SIZECLASS_COUNT]; /* where free puts slots while sampling; else not there */
};

_Static_assert(sizeof(struct tcache) % _Alignof(struct tcache_more) == 0,
               "the rest follows directly");

static inline struct tcache_more *tcache_more(const struct tcache *tcache)
{
	return (struct tcache_more *)(uintptr_t)(tcache + 1);
}

/* Stand-ins that hold nothing, so that the fast paths need no test for them. */
extern struct tcache tcache_none; /* a thread that has not called yet */
extern struct tcache tcache_gone; /* a thread that has run its destructors */

extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));

/* While a thread is in the middle of something that a signal handler must not come into, it shows no cache, and is not
 * noted as awake: so what a handler calls comes to the slow paths, and these ask whether the thread is busy.
 * A thread that has slept comes by when it hides its cache: idle memory may go back then. */
struct tcache *tcache_hide(void);
void tcache_show(struct tcache *tcache);

/* Whether this is a signal handler that has interrupted its thread there. */
bool tcache_hides(void);

static inline bool tcache_is_busy(void)
{
	return unlikely(tcache_self == &tcache_none) && tcache_hides();
}

/* Prepares the room: the key whose destructor ends a thread's cache. Returns: false without one. */
bool tcache_boot(void);

/* Gives this thread a cache. Returns: false when there is no memory for one: the slow paths then do
 * without. */
bool tcache_new(void);

/* Takes a slot of a class, or where larger, and the thread has none of it at hand, perhaps of one above; not yet LIVE.
 * Returns: a slot whose ptr is NULL when there is no memory. */
struct slot tcache_pop(unsigned class, bool larger);

/* Takes back a slot that was live until now. */
void tcache_push(struct slot slot, const struct pagemap_entry *entry);

/* The same, for the fast path of free: its magazine is full; it belongs to another arena, or the thread has slept. The
 * last argument is the state, as the register that it comes in is the one that free has it in. */
void tcache_spill(void *ptr, const struct pagemap_entry *entry, uint8_t *state);
void tcache_send(void *ptr, const struct pagemap_entry *entry, uint8_t *state);

/* Puts everything this thread has at hand back into the slabs. */
void tcache_flush_self(void);

/* In the child of a fork: the caches of threads that are no more go back to the slabs, but for what such a
 * thread was just changing. */
void tcache_fork_child(void);

/* Empties caches of other threads: all, or those whose threads sleep, as it seems. Locks: the caller holds none. */
void tcache_empty_others(bool all);

/* Whether this allocation, of a class or a large one, is the one in N. To be asked once for each allocation
 * that comes to the slow path, before it is met. */
bool tcache_sample_due(unsigned class);

/* One allocation in so many is sampled; 0: none. Set at boot. */
extern uint64_t tcache_sample;

/* The caches alive now. */
unsigned tcache_count(void);

/* The slots in a magazine of a class. */
static inline unsigned tcache_slots_in(const struct tcache *tcache, const struct magazine *magazine,
                                       unsigned class)
{
	return (unsigned)(tcache->capacities[class] - (magazine->limit - magazine->top));
}

/* The slots of a class that a cache has at hand. */
static inline unsigned tcache_slots(const struct tcache *tcache, unsigned class)
{
	unsigned slots = tcache_slots_in(tcache, &tcache->magazines[class], class);

	if (tcache->samples)
		slots += tcache_slots_in(tcache, &tcache_more(tcache)->returns[class], class);
	return slots;
}

#endif
