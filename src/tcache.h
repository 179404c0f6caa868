/*
 * tcache.h - the cache of a thread: made, shown, hidden, and ended with it; and what malloc and free do when they do not
 * hit.
 *
 * The fast paths of malloc and free, in the room hits, touch nothing but the cache, and nothing shared. A slot that
 * belongs to another arena than the thread's goes to the outbox, and home from there in batches.
 * What a thread has at hand that sleeps goes back to the slabs: other threads see to that.
 */
#ifndef TCACHE_H
#define TCACHE_H

#include "magazines.h"

#include <stdbool.h>
#include <stdint.h>

/* A thread that has not called yet has tcache_none; one that has run its destructors has this, which is the same. They
 * hold nothing, so that the fast paths need no test for them. */
extern struct tcache_stand_in {
	struct tcache tcache;
	struct tcache_more more; /* for its returns: while sampling, free finds no room in them */
} tcache_gone;

extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));

/* What this thread shows; others may change that. */
static inline struct tcache *tcache_shown(void)
{
	return __atomic_load_n(&tcache_self, __ATOMIC_RELAXED);
}

/* While a thread is in the middle of something that a signal handler must not come into, it shows no cache, and is not
 * noted as awake: so what a handler calls comes to the slow paths, and these ask whether the thread is busy.
 * A thread that has slept comes by when it hides its cache: idle memory may go back then. */
struct tcache *tcache_hide(void);
void tcache_show(struct tcache *tcache);

/* Whether this is a signal handler that has interrupted its thread there. */
bool tcache_hides(void);

static inline bool tcache_is_busy(void)
{
	return unlikely(tcache_shown() == &tcache_none) && tcache_hides();
}

/* Prepares the room: the key whose destructor ends a thread's cache. Returns: false without one. */
bool tcache_boot(void);

/* Gives this thread a cache. Returns: false when there is no memory for one: the slow paths then do
 * without. */
bool tcache_new(void);

/* The same where it has none, and may have one, before it takes a lock with which it is to allocate: an arena comes with
 * a lock of its own, which is to be made while no other is held. */
void tcache_prepare(void);

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

#endif
