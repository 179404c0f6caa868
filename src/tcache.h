/*
 * tcache.h - what a thread keeps at hand: a magazine of free slots for each class, and an outbox.
 *
 * The inline functions are the fast paths of malloc and free; they touch nothing shared. A slot that
 * belongs to another arena than the thread's goes to the outbox, and home from there in batches.
 */
#ifndef TCACHE_H
#define TCACHE_H

#include "report.h"
#include "slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct magazine {
	uint32_t count;
	uint32_t capacity;
	struct slot *slots;
};

#define TCACHE_OUTBOX_SLOTS 64u

/* No arena has this number: what threads without a cache carry. */
#define TCACHE_ARENA_NONE UINT16_MAX

struct tcache {
	struct magazine magazines[SIZECLASS_COUNT];
	uint16_t arena_number;
	uint16_t outbox_count;
	struct arena *arena;
	struct tcache *previous; /* in the list of all caches */
	struct tcache *next;
	struct slot outbox[TCACHE_OUTBOX_SLOTS];
};

/* Stand-ins that hold nothing, so that the fast paths need no test for them. */
extern struct tcache tcache_none; /* a thread that has not called yet */
extern struct tcache tcache_gone; /* a thread that has run its destructors */

extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));

/* Prepares the room: the key whose destructor ends a thread's cache. Returns: false without one. */
bool tcache_boot(void);

/* Gives this thread a cache. Returns: false when there is no memory for one: the slow paths then do
 * without. */
bool tcache_new(void);

/* The slow paths: the magazine is empty; full; the slot belongs to another arena. */
struct slot tcache_refill(unsigned class);
void tcache_spill(struct slot slot, unsigned class);
void tcache_send(struct slot slot, unsigned arena);

/* Puts everything this thread has at hand back into the slabs. */
void tcache_flush_self(void);

/* In the child of a fork: the caches of threads that are no more go back to the slabs. */
void tcache_fork_child(void);

/* The caches alive now. */
unsigned tcache_count(void);

/* Takes a slot of a class; not yet LIVE. Returns: a slot whose ptr is NULL when there is no memory. */
static inline struct slot tcache_pop(unsigned class)
{
	struct magazine *magazine = &tcache_self->magazines[class];
	uint32_t count = magazine->count;

	if (unlikely(count == 0))
		return tcache_refill(class);
	magazine->count = count - 1;
	return magazine->slots[count - 1];
}

/* Takes back a slot that was live until now. */
static inline void tcache_push(struct slot slot, const struct pagemap_entry *entry)
{
	struct tcache *tcache = tcache_self;
	struct magazine *magazine = &tcache->magazines[entry->sizeclass];
	uint32_t count = magazine->count;

	*slot.state = SLOT_DEAD;
	if (unlikely(entry->arena != tcache->arena_number)) {
		tcache_send(slot, entry->arena);
		return;
	}
	if (unlikely(count == magazine->capacity)) {
		tcache_spill(slot, entry->sizeclass);
		return;
	}
	magazine->slots[count] = slot;
	/* In this order also for the child of a fork that another thread makes here. */
	__atomic_store_n(&magazine->count, count + 1, __ATOMIC_RELEASE);
}

#endif
