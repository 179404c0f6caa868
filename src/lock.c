/*
 * lock - pthread mutexes with a rank, and the registry that drives fork.
 *
 * Holds:  the list of all locks, in rising rank.
 * Always: a thread takes locks in rising rank (checked in debug builds).
 * Locks:  registry, below all ranks (no lock is held where one is made or destroyed): held only while
 *         the list changes, and by fork.
 *
 * glibc's fork runs the prepare handlers first and takes stdio's list lock after them, while a thread
 * that holds this list lock (fflush(NULL)) may be waiting for memory. So the prepare handler takes
 * the list lock itself, before ours; it is recursive, and glibc's own taking of it then succeeds.
 */
#include "lock.h"
#include "report.h"

#include <sched.h>
#include <stddef.h>

/* stdio's list lock, exported by glibc since 2.2.5; other C libraries do without. */
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));
extern void _IO_list_resetlock(void) __attribute__((weak));

#define ABANDON_TRIES 100

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static struct lock *locks;

/* While a fork is under way: the thread that forks, which holds every lock. */
static bool forking;
static pthread_t forking_thread;

/* The ranks this thread holds, a bit each: debug builds only. */
static _Thread_local unsigned held_ranks;

static bool lock_held_by_fork(void)
{
	return unlikely(__atomic_load_n(&forking, __ATOMIC_RELAXED)) &&
	       pthread_equal(forking_thread, pthread_self());
}

static void note_taken(struct lock *lock)
{
	__atomic_store_n(&lock->owner, pthread_self(), __ATOMIC_RELAXED);
	if (config_debug) {
		expect(held_ranks >> lock->rank == 0);
		held_ranks |= 1u << lock->rank;
	}
}

static void note_given(struct lock *lock)
{
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	if (config_debug)
		held_ranks &= ~(1u << lock->rank);
}

static void mutex_reset(struct lock *lock)
{
	pthread_mutex_t fresh = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

	lock->mutex = fresh;
}

/* The registry is fork's for as long as it lasts, and its thread may add to it. */
static void registry_acquire(void)
{
	expect(held_ranks == 0);
	if (!lock_held_by_fork())
		pthread_mutex_lock(&registry);
}

static void registry_release(void)
{
	if (!lock_held_by_fork())
		pthread_mutex_unlock(&registry);
}

void lock_init(struct lock *lock, enum lock_rank rank)
{
	struct lock **place = &locks;
	struct lock *before = NULL;

	mutex_reset(lock);
	lock->rank = rank;
	registry_acquire();
	if (lock_held_by_fork())
		pthread_mutex_lock(&lock->mutex); /* as fork holds all others */
	while (*place != NULL && (*place)->rank <= rank) {
		before = *place;
		place = &before->next;
	}
	lock->previous = before;
	lock->next = *place;
	if (lock->next != NULL)
		lock->next->previous = lock;
	*place = lock;
	registry_release();
}

void lock_destroy(struct lock *lock)
{
	registry_acquire();
	if (lock_held_by_fork())
		pthread_mutex_unlock(&lock->mutex);
	if (lock->previous != NULL)
		lock->previous->next = lock->next;
	else
		locks = lock->next;
	if (lock->next != NULL)
		lock->next->previous = lock->previous;
	registry_release();
	pthread_mutex_destroy(&lock->mutex);
}

void lock_acquire(struct lock *lock)
{
	if (lock_held_by_fork())
		return;
	pthread_mutex_lock(&lock->mutex);
	note_taken(lock);
}

bool lock_try(struct lock *lock)
{
	if (lock_held_by_fork())
		return true;
	if (pthread_mutex_trylock(&lock->mutex) != 0)
		return false;
	note_taken(lock);
	return true;
}

void lock_release(struct lock *lock)
{
	if (lock_held_by_fork())
		return;
	note_given(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void lock_abandon(void)
{
	bool ours = false;

	/* Who changes the list is soon through with it; fork is not, but leaves it as it is. */
	for (int tries = 0; tries < ABANDON_TRIES && !ours; tries++) {
		ours = pthread_mutex_trylock(&registry) == 0;
		if (!ours)
			sched_yield();
	}
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		if (pthread_equal(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED), pthread_self()))
			lock_release(lock);
	if (ours)
		pthread_mutex_unlock(&registry);
}

void lock_fork_prepare(void)
{
	if (_IO_list_lock != NULL)
		_IO_list_lock();
	pthread_mutex_lock(&registry);
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		pthread_mutex_lock(&lock->mutex);
	forking_thread = pthread_self();
	__atomic_store_n(&forking, true, __ATOMIC_RELAXED);
}

void lock_fork_parent(void)
{
	__atomic_store_n(&forking, false, __ATOMIC_RELAXED);
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		pthread_mutex_unlock(&lock->mutex);
	pthread_mutex_unlock(&registry);
	if (_IO_list_unlock != NULL)
		_IO_list_unlock();
}

void lock_fork_child(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	__atomic_store_n(&forking, false, __ATOMIC_RELAXED);
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		mutex_reset(lock);
	registry = fresh;
	if (_IO_list_resetlock != NULL)
		_IO_list_resetlock();
}
