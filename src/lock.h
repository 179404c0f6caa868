/*
 * lock.h - the mutexes of halloc: ranked, and known to fork.
 *
 * A thread takes locks in rising rank; locks of one rank are never held together, but by fork.
 */
#ifndef LOCK_H
#define LOCK_H

#include <pthread.h>
#include <stdbool.h>

enum lock_rank {
	LOCK_RANK_BOOT = 1,
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
	pthread_t owner;          /* while it is held; else 0 */
	struct lock_later *later; /* of who holds it, the first one first */
};

/* Prepares a lock and enters it in the registry that fork goes through. Locks: the caller holds none,
 * as fork takes the registry before them; so too for lock_destroy. */
void lock_init(struct lock *lock, enum lock_rank rank);

/* Takes the lock out of the registry. Requires: nobody holds it or waits for it. */
void lock_destroy(struct lock *lock);

void lock_acquire(struct lock *lock);

/* Returns: false, at once, when the lock is held by another thread. */
bool lock_try(struct lock *lock);

void lock_release(struct lock *lock);

/* A lock that this thread holds; NULL when it holds none, or all of them as it forks. */
struct lock *lock_held(void);

/* Has a call made by this thread as soon as it holds no lock any more; calls are made in the order they were asked
 * for. Requires: it holds this one. */
void lock_call_later(struct lock *lock, struct lock_later *later);

/* Gives back every lock that this thread holds: what follows may come back in, and never returns. */
void lock_abandon(void);

/* Around fork: every registered lock is taken in rank order, and given back in the parent and the
 * child. In between, the forking thread may go on using what they guard. */
void lock_fork_prepare(void);
void lock_fork_parent(void);
void lock_fork_child(void);

#endif
