/*
 * tcache.h - the cache of a thread: made, shown, hidden, and ended with it.
 *
 * The fast paths of malloc and free, in the room hits, touch nothing but the cache, and nothing shared; the slow ones, in
 * the room misses, hide it first. What a thread has at hand that sleeps goes back to the slabs: other threads see to that.
 *
 * All functions act for the thread that calls, unless it is said, and lock for themselves. No errno is set.
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

/* What the thread shows, or would if nobody had taken it. */
struct tcache *tcache_of_thread(void);

static inline bool tcache_has_arena(const struct tcache *tcache)
{
	return likely(tcache->arena_number != TCACHE_ARENA_NONE);
}

/* Says that the thread is at its cache, until tcache_leave; tcache_hide and tcache_show do so themselves.
 * Returns: whether another thread wants the cache: then it is not to be changed. */
static inline bool tcache_enter(struct tcache *tcache)
{
	struct tcache_more *more = tcache_more(tcache);

	/* A signal handler that comes in between leaves it as it was. */
	__atomic_store_n(&more->busy, (uint8_t)(more->busy + 1), __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return unlikely(__atomic_load_n(&more->wanted, __ATOMIC_ACQUIRE));
}

static inline void tcache_leave(struct tcache *tcache)
{
	expect(tcache_more(tcache)->busy != 0);
	__atomic_store_n(&tcache_more(tcache)->busy, (uint8_t)(tcache_more(tcache)->busy - 1),
	                 __ATOMIC_RELEASE);
}

/* Prepares the room: the key whose destructor ends a thread's cache. Returns: false without one. */
bool tcache_boot(void);

/* Gives this thread a cache, where it has none and may have one. Returns: whether it has one; the slow paths do without
 * where there is no memory for it, and in a thread that has ended its cache. */
bool tcache_have(void);

/* The same before it takes a lock with which it is to allocate: an arena comes with a lock of its own, which is to be made
 * while no other is held. */
void tcache_prepare(void);

/* Puts everything this thread has at hand back into the slabs. */
void tcache_flush_self(void);

/* Before the thread makes a child that shares its memory, and its cache, and after: the child, which the system does not
 * interrupt for others, nor starts over behind a signal handler, is never noted as awake.
 * Returns: the cache; NULL where there is none, or the thread is busy, and so will be the child. */
struct tcache *tcache_lend(void);
void tcache_take_back(struct tcache *tcache);

/* In the child of a fork: the caches of threads that are no more go back to the slabs, but for what such a
 * thread was just changing. */
void tcache_fork_child(void);

/* Empties caches of other threads: all, or those whose threads sleep, as it seems. Locks: the caller holds none. */
void tcache_empty_others(bool all);

#endif
