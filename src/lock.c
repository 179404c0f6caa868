/*
 * lock - pthread mutexes with a rank, and the registry that drives fork.
 *
 * Holds:  the list of all locks, in rising rank.
 * Always: a thread takes locks in rising rank (checked in debug builds). Who has the mutex waits for the mark to go,
 *         in case that threads were made while it was set, by a signal handler.
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
#include <string.h>
#include <unistd.h>

/* stdio's list lock, exported by glibc since 2.2.5; other C libraries do without. */
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));
extern void _IO_list_resetlock(void) __attribute__((weak));

#define REGISTRY_TRIES 100

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static struct lock *locks;

/* How many forks are under way, and locks that calls wait for: seldom any. */
static unsigned unusual;

/* While a fork is under way: the thread that forks, which holds every lock. */
static bool forking;
static pthread_t forking_thread;

/* The ranks this thread holds, a bit each: debug builds only, so that others have no thread-local word for it. */
static _Thread_local unsigned held_ranks;

static bool is_usual(void)
{
	return __atomic_load_n(&unusual, __ATOMIC_RELAXED) == 0;
}

bool lock_is_forking(void)
{
	return __atomic_load_n(&forking, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&forking_thread, __ATOMIC_RELAXED) == pthread_self();
}

void lock_rank_taken(enum lock_rank rank)
{
	expect(held_ranks >> rank == 0);
	if (config_debug)
		held_ranks |= 1u << rank;
}

void lock_rank_given(enum lock_rank rank)
{
	if (config_debug)
		held_ranks &= ~(1u << rank);
}

/* What is marked is held by this thread, too, while it is the only one. */
static bool is_own(struct lock *lock)
{
	return pthread_equal(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED), pthread_self());
}

static void note_taken(struct lock *lock)
{
	__atomic_store_n(&lock->owner, pthread_self(), __ATOMIC_RELAXED);
	if (config_debug)
		lock_rank_taken(lock->rank);
}

static void note_given(struct lock *lock)
{
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	if (config_debug)
		lock_rank_given(lock->rank);
}

static bool is_marked(const struct lock *lock)
{
	return __atomic_load_n(&lock->marked, __ATOMIC_ACQUIRE);
}

static void mutex_take(struct lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	while (unlikely(is_marked(lock)))
		sched_yield();
}

static void mutex_reset(struct lock *lock)
{
	pthread_mutex_t fresh = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

	lock->mutex = fresh;
	lock->marked = false;
}

/* The registry is fork's for as long as it lasts, and its thread may add to it. */
static void registry_acquire(void)
{
	expect(held_ranks == 0);
	if (!lock_is_forking())
		pthread_mutex_lock(&registry);
}

static void registry_release(void)
{
	if (!lock_is_forking())
		pthread_mutex_unlock(&registry);
}

void lock_init(struct lock *lock, enum lock_rank rank)
{
	struct lock **place = &locks;
	struct lock *before = NULL;

	mutex_reset(lock);
	lock->rank = rank;
	lock->later = NULL;
	registry_acquire();
	if (lock_is_forking())
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

static bool is_registered(const struct lock *lock)
{
	const struct lock *other = locks;

	while (other != NULL && other != lock)
		other = other->next;
	return other != NULL;
}

static void registry_remove(struct lock *lock)
{
	if (lock_is_forking())
		pthread_mutex_unlock(&lock->mutex);
	if (lock->previous != NULL)
		lock->previous->next = lock->next;
	else
		locks = lock->next;
	if (lock->next != NULL)
		lock->next->previous = lock->previous;
}

runs_seldom bool lock_destroy(struct lock *lock)
{
	registry_acquire();
	bool registered = is_registered(lock);
	if (registered)
		registry_remove(lock);
	registry_release();
	if (registered)
		pthread_mutex_destroy(&lock->mutex);
	return registered;
}

/* To wait would be for ever: this is a signal handler that has interrupted who holds the lock. */
__attribute__((noinline, cold)) static void end_handler(void)
{
	lock_abandon();
	report_carry_on = false;
	report_error("a signal handler calls the heap, and has interrupted another call of it that "
	             "must end first; thread %d",
	             (int)gettid());
}

void lock_acquire_mutex(struct lock *lock)
{
	if (unlikely(!is_usual()) && lock_is_forking())
		return;
	if (unlikely(is_own(lock)) || (is_marked(lock) && lock_is_alone()))
		end_handler();
	mutex_take(lock);
	note_taken(lock);
}

bool lock_try(struct lock *lock)
{
	if (lock_is_forking())
		return true;
	if (lock_is_alone())
		return lock_mark(lock);
	if (pthread_mutex_trylock(&lock->mutex) != 0)
		return false;
	if (is_marked(lock)) {
		pthread_mutex_unlock(&lock->mutex);
		return false;
	}
	note_taken(lock);
	return true;
}

static void give(struct lock *lock)
{
	if (is_marked(lock)) {
		lock_unmark(lock);
		return;
	}
	note_given(lock);
	pthread_mutex_unlock(&lock->mutex);
}

/* Makes the calls that waited for a lock; where another is held, they wait for that. */
static void call_all(struct lock_later *later)
{
	struct lock *other = lock_held();

	while (later != NULL) {
		struct lock_later *next = later->next;
		if (other != NULL)
			lock_call_later(other, later);
		else
			later->call(later);
		later = next;
	}
}

__attribute__((noinline, cold)) static void release_unusual(struct lock *lock)
{
	struct lock_later *later = lock->later;

	if (!is_marked(lock) && lock_is_forking())
		return;
	if (later != NULL) {
		lock->later = NULL;
		__atomic_fetch_sub(&unusual, 1, __ATOMIC_RELAXED);
	}
	give(lock);
	if (later != NULL)
		call_all(later);
}

void lock_release_slow(struct lock *lock)
{
	if (likely(is_usual()))
		give(lock);
	else
		release_unusual(lock);
}

/* For walks over the list from anywhere. Who changes it is soon through with it; fork is not, but leaves it as it
 * is. Returns: whether the registry is ours, and to be given back. */
static bool registry_try(void)
{
	for (int tries = 0; tries < REGISTRY_TRIES; tries++) {
		if (pthread_mutex_trylock(&registry) == 0)
			return true;
		sched_yield();
	}
	return false;
}

static bool is_mine(struct lock *lock)
{
	return is_marked(lock) || is_own(lock);
}

runs_seldom struct lock *lock_held(void)
{
	bool ours = registry_try();
	struct lock *lock = locks;

	while (lock != NULL && !is_mine(lock))
		lock = lock->next;
	if (ours)
		pthread_mutex_unlock(&registry);
	return lock;
}

runs_seldom void lock_let_forks_pass(void)
{
	/* A fork that waits has the registry. */
	if (!lock_is_forking() && registry_try())
		pthread_mutex_unlock(&registry);
}

runs_seldom void lock_call_later(struct lock *lock, struct lock_later *later)
{
	struct lock_later **place = &lock->later;

	if (*place == NULL)
		__atomic_fetch_add(&unusual, 1, __ATOMIC_RELAXED);
	while (*place != NULL)
		place = &(*place)->next;
	later->next = NULL;
	*place = later;
}

runs_seldom void lock_abandon(void)
{
	bool ours = registry_try();

	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		if (is_mine(lock))
			give(lock);
	if (ours)
		pthread_mutex_unlock(&registry);
}

runs_later void lock_hold_signals(struct lock_signals *signals)
{
	sigset_t all;

	memset(&all, 0xff, sizeof all);
	signals->held = pthread_sigmask(SIG_SETMASK, &all, &signals->before) == 0;
}

runs_later void lock_let_signals(const struct lock_signals *signals)
{
	if (signals->held)
		pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
}

runs_later void lock_fork_prepare(void)
{
	if (_IO_list_lock != NULL)
		_IO_list_lock();
	pthread_mutex_lock(&registry);
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		if (likely(!is_own(lock)))
			mutex_take(lock);
	__atomic_store_n(&forking_thread, pthread_self(), __ATOMIC_RELAXED);
	__atomic_store_n(&forking, true, __ATOMIC_RELEASE);
	__atomic_fetch_add(&unusual, 1, __ATOMIC_RELAXED);
}

static void fork_over(void)
{
	__atomic_fetch_sub(&unusual, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&forking, false, __ATOMIC_RELAXED);
}

runs_later void lock_fork_parent(void)
{
	fork_over();
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		if (likely(!is_own(lock)))
			pthread_mutex_unlock(&lock->mutex);
	pthread_mutex_unlock(&registry);
	if (_IO_list_unlock != NULL)
		_IO_list_unlock();
}

runs_later void lock_fork_child(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	fork_over();
	for (struct lock *lock = locks; lock != NULL; lock = lock->next)
		if (likely(!is_own(lock)))
			mutex_reset(lock);
	registry = fresh;
	if (_IO_list_resetlock != NULL)
		_IO_list_resetlock();
}

/* Of all that is held, the C library has given this back. */
runs_seldom void lock_fork_child_within(void)
{
	if (_IO_list_lock != NULL)
		_IO_list_lock();
}
