/*
 * lock.h - the mutexes of halloc: ranked, and known to fork.
 *
 * A thread takes locks in rising rank; locks of one rank are never held together, but by fork. So long as there is
 * one thread alone, a lock is no more than a mark.
 */
#ifndef LOCK_H
#define LOCK_H

#include "report.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum lock_rank {
	LOCK_RANK_USER_HEAP = 1, /* who visits the cells of one may call malloc */
	LOCK_RANK_THREADS,
	LOCK_RANK_ARENA,
	LOCK_RANK_LARGE,
	LOCK_RANK_OBSERVER,
	LOCK_RANK_HEAP,
	LOCK_RANK_PAGE_B,
};

/* A call that waits until the thread that asked for it holds no lock. */
struct lock_later {
	struct lock_later *next;
	void (*call)(struct lock_later *later);
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank rank;
	struct lock *previous;
	struct lock *next;
	pthread_t owner; /* while the mutex is held; else 0 */
	bool marked;     /* held by who was the only thread when it took it: without the mutex */
	struct lock_later *later; /* of who holds it, the first one first */
};

/* Exported by glibc since 2.32. */
extern char __libc_single_threaded __attribute__((weak));

/* Whether this is the only thread; false also where the C library does not tell. */
static inline bool lock_is_alone(void)
{
	return &__libc_single_threaded != NULL && __libc_single_threaded != 0;
}

/* Prepares a lock and enters it in the registry that fork goes through. Locks: the caller holds none,
 * as fork takes the registry before them; so too for lock_destroy. */
void lock_init(struct lock *lock, enum lock_rank rank);

/* Takes the lock out of the registry. Requires: nobody holds it or waits for it. Returns: false, and the pointer is not
 * followed, when no such lock is there. */
bool lock_destroy(struct lock *lock);

/* The slow paths of lock_acquire and lock_release. */
void lock_acquire_mutex(struct lock *lock);
void lock_release_slow(struct lock *lock);

/* Debug builds: this thread takes a rank, which is above those that it holds; and gives it back. */
void lock_rank_taken(enum lock_rank rank);
void lock_rank_given(enum lock_rank rank);

/* Sets the mark, if it is not set. Requires: this is the only thread. */
static inline bool lock_mark(struct lock *lock)
{
	if (unlikely(lock->marked))
		return false;
	if (config_debug)
		lock_rank_taken(lock->rank);
	__atomic_store_n(&lock->marked, true, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return true;
}

static inline void lock_unmark(struct lock *lock)
{
	if (config_debug)
		lock_rank_given(lock->rank);
	__atomic_store_n(&lock->marked, false, __ATOMIC_RELEASE);
}

/* Ends the process, with a report, in a signal handler that has interrupted who holds the lock. */
static inline void lock_acquire(struct lock *lock)
{
	if (unlikely(!lock_is_alone() || !lock_mark(lock)))
		lock_acquire_mutex(lock);
}

/* Returns: false, at once, when the lock is held by another thread. */
bool lock_try(struct lock *lock);

static inline void lock_release(struct lock *lock)
{
	if (unlikely(!lock->marked || lock->later != NULL))
		lock_release_slow(lock);
	else
		lock_unmark(lock);
}

/* A lock that this thread holds; NULL when it holds none, or all of them as it forks. */
struct lock *lock_held(void);

/* Has a call made by this thread as soon as it holds no lock any more; calls are made in the order they were asked
 * for. Requires: it holds this one. */
void lock_call_later(struct lock *lock, struct lock_later *later);

/* Gives back every lock that this thread holds: what follows may come back in, and never returns. */
void lock_abandon(void);

/* For who takes the same lock over and over, for long, before it does: a mutex goes to who comes by, not to who waits, and a
 * fork might wait for ever. Waits for some time only, as the fork may wait for what this thread holds. */
void lock_let_forks_pass(void);

/* Keeps the signals of the thread that calls waiting, and lets them come in again. For where locks are taken, or given back,
 * one by one: a signal handler that allocates would wait for one that its own thread holds. Where the system refuses to
 * keep them, nothing changes. */
struct lock_signals {
	sigset_t before;
	bool held;
};
void lock_hold_signals(struct lock_signals *signals);
void lock_let_signals(const struct lock_signals *signals);

/* Around fork: every registered lock is taken in rank order, and given back in the parent and the
 * child. In between, the forking thread may go on using what they guard. A lock that it holds already, as it has
 * been interrupted by a signal handler that forks, it holds on in both. */
void lock_fork_prepare(void);
void lock_fork_parent(void);
void lock_fork_child(void);

/* Whether this thread forks, and holds them all. */
bool lock_is_forking(void);

/* In the child of a fork that a thread makes while it forks already, by a handler of pthread_atfork: it goes on holding
 * them all, until that fork, which is under way here too, is over. */
void lock_fork_child_within(void);

#endif
