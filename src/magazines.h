/*
 * magazines.h - a thread's cache, as it lies in Page B, and the magazines in it: the free slots that the thread has at
 * hand of each class.
 *
 * Whoever calls what is declared here has the cache to itself: as its thread while it is hidden (see tcache.h), or as who
 * empties or ends it.
 */
#ifndef MAGAZINES_H
#define MAGAZINES_H

#include "awake.h"
#include "report.h"
#include "slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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
	uint8_t busy;         /* not 0: its thread is at it, other than by a fast path */
	bool wanted;          /* another thread is going to empty it */
	bool emptied;         /* since its thread was last at it */
	uint8_t rounds;       /* so many, its thread was not at it */
	pid_t thread;         /* 0: the first of the process */
	struct tcache **self; /* of the thread; NULL: others are not to empty the cache yet */
	uint32_t visits;      /* of its thread: how often it was at it */
	uint32_t visits_seen;
	uint64_t sample_in; /* allocations until the next to be sampled */
	uint64_t random;
	uint32_t outbox_bytes; /* in slots that are not small */
	uint8_t lent; /* to so many children of vfork, one of another: not 0: nobody is awake */
	struct slot outbox[TCACHE_OUTBOX_SLOTS];
	uint16_t outbox_arenas[TCACHE_OUTBOX_SLOTS]; /* where each goes */
	uint8_t misses[SIZECLASS_COUNT];             /* refills, up to twice many */
	/* Where free puts slots while sampling; else not there. */
	struct magazine returns[SIZECLASS_COUNT];
};

_Static_assert(sizeof(struct tcache) % _Alignof(struct tcache_more) == 0,
               "the rest follows directly");

static inline struct tcache_more *tcache_more(const struct tcache *tcache)
{
	return (struct tcache_more *)(uintptr_t)(tcache + 1);
}

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

/* A cache that holds nothing and has no room for anything. Never written to. (Hidden, so that its address is compared
 * with without a table's help.) */
extern struct tcache tcache_none __attribute__((visibility("hidden")));

/* A slot that malloc is not to find, see sampling.h: its ptr is that of the bottom; the place of its state keeps the ptr. */
static inline bool magazines_is_masked(const struct slot *slot)
{
	return slot->ptr == AWAKE_NO_ADDRESS && slot->state != NULL;
}

/* Makes it one as the others. */
void magazines_unmask(struct slot *slot);

/* How many threads have a cache: the more, the less each may have at hand. Changed by tcache.c, by atomic stores. */
extern unsigned magazines_caches;

static inline unsigned tcache_count(void)
{
	return __atomic_load_n(&magazines_caches, __ATOMIC_RELAXED);
}

/* Says what a cache has out of order at the moment, for the child of a fork that another thread may make here: a class
 * and 1, or TCACHE_OUTBOX_CHANGES, or 0: nothing. */
void magazines_change(struct tcache *tcache, unsigned what);

/* Gives a new cache, all zero but for whether it samples, its magazines, without room. */
void magazines_prepare(struct tcache *tcache);

/* Meets a malloc of a class whose magazine is empty, and brings more out of the slabs.
 * Returns: a slot whose ptr is NULL when there is no memory. */
struct slot magazines_refill(struct tcache *tcache, unsigned class);

/* Puts a slot of the cache's arena into its magazine, whether or not that is full. */
void magazines_keep(struct tcache *tcache, struct slot slot, const struct pagemap_entry *entry);

/* Empties the magazines and the returns of all classes, and takes their room; but for the class of which it is said that
 * it is out of order, as by magazines_change: its slots are lost. */
void magazines_free(struct tcache *tcache, unsigned changing);

#endif
