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

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank rank;
	struct lock *previous;
	struct lock *next;
	pthread_t owner; /* while it is held; else 0 */
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

/* Gives back every lock that this thread holds: what follows may come back in, and never returns. */
void lock_abandon(void);

/* Around fork: every registered lock is taken in rank order, and given back in the parent and the
 * child. In between, the forking thread may go on using what they guard. */
void lock_fork_prepare(void);
void lock_fork_parent(void);
void lock_fork_child(void);

#endif
