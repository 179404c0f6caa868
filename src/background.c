/*
 * background - a thread of the library that gives idle memory back while no other comes by.
 *
 *     some call  ->  looks four times in the time after which memory is idle  ->  nothing goes back  ->  sleeps
 *         ^                                                                                                |
 *         +------------------------------------------------------------------------------------------------+
 *
 * Holds:  whether the thread is there, and whether somebody came by since it last looked.
 * Always: it has no cache, and takes no signals; it sleeps while nothing becomes idle, and ends when every thread that had
 *         a cache has ended: a process whose main thread has left ends with its last thread.
 * Locks:  none of its own.
 */
#include "background.h"
#include "idle.h"
#include "lock.h"
#include "objects.h"
#include "options.h"
#include "page_b.h"
#include "report.h"
#include "tcache.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The caches of threads that sleep are empty after three looks, and what was in them has gone after five more: with so
 * many looks in a row by which nothing went back, nothing is left. */
#define LOOKS_IN_VAIN 12u
#define LOOK_MS_LEAST 10u

/* It looks so often whether all caches have ended: else a process would stay for its pause. */
#define PAUSE_MS_MOST 500u

static bool runs;
static uint32_t rung;                                /* somebody came by */
static struct lock_signals makers_signals lies_late; /* what its maker let in */

static uint32_t is_rung(void)
{
	return __atomic_load_n(&rung, __ATOMIC_ACQUIRE);
}

/* What whoever comes by next does, once. */
static void ring(void)
{
	int saved = errno;

	__atomic_store_n(&rung, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved;
}

static void wait_for_ring(void)
{
	while (!is_rung())
		syscall(SYS_futex, &rung, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* Whoever comes by from here on rings. */
static void listen(void)
{
	__atomic_store_n(&rung, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&idle_passed, ring, __ATOMIC_RELEASE);
}

static void sleep_ms(uint64_t ms)
{
	struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
	                         .tv_nsec = (long)(ms % 1000) * 1000000};

	syscall(SYS_nanosleep, &pause, NULL);
}

static void pause_ms(uint64_t ms)
{
	for (; ms > PAUSE_MS_MOST && tcache_count() != 0; ms -= PAUSE_MS_MOST)
		sleep_ms(PAUSE_MS_MOST);
	if (tcache_count() != 0)
		sleep_ms(ms);
}

/* Returns: whether memory went back, or somebody has come by. */
static bool look(uint64_t pause)
{
	uint64_t purges = __atomic_load_n(&halloc_page_b.purges, __ATOMIC_RELAXED);

	pause_ms(pause);
	idle_look();
	if (!is_rung())
		return purges != __atomic_load_n(&halloc_page_b.purges, __ATOMIC_RELAXED);
	listen();
	return true;
}

static void *work(void *arg)
{
	uint64_t pause = options.purge_after_ms / 4 + 1;
	unsigned in_vain = 0;

	(void)arg;
	syscall(SYS_prctl, PR_SET_NAME, "halloc", 0, 0, 0);
	if (pause < LOOK_MS_LEAST)
		pause = LOOK_MS_LEAST;
	listen();
	while (tcache_count() != 0) {
		in_vain = look(pause) ? 0 : in_vain + 1;
		if (in_vain >= LOOKS_IN_VAIN) {
			wait_for_ring();
			in_vain = 0;
		}
	}
	__atomic_store_n(&idle_passed, NULL, __ATOMIC_RELAXED);
	/* Where it is the last thread, the program's handlers for exit run here. */
	lock_let_signals(&makers_signals);
	return NULL;
}

/* A function of the C library. Looked up when it is wanted: each that the loader looks up would cost every start. */
#define LIBC(name)                                                             \
	({                                                                     \
		static void *known;                                            \
		(__typeof__(&(name)))(uintptr_t)objects_behind(&known, #name); \
	})

/* Its stack is as large as those of other threads: what the program has for each thread lies there, too. It would end at once
 * where no thread has a cache, as in the child of one that never allocated. Returns: an errno. */
static int thread_make(void)
{
	pthread_t thread;

	tcache_have();
	lock_hold_signals(&makers_signals); /* a thread starts with its maker's */
	int failed = LIBC(pthread_create)(&thread, NULL, work, NULL);
	lock_let_signals(&makers_signals);
	if (failed == 0)
		LIBC(pthread_detach)(thread);
	return failed;
}

void background_start(void)
{
	int saved = errno;
	int failed = thread_make();
	runs = failed == 0;
	if (!runs)
		report_warning("HALLOC_BACKGROUND: the system has no thread for it (%s)",
		               strerrordesc_np(failed));
	errno = saved;
}

runs_later void background_fork_child(void)
{
	int saved = errno;

	if (!runs)
		return;
	__atomic_store_n(&idle_passed, NULL, __ATOMIC_RELAXED);
	runs = thread_make() == 0;
	errno = saved;
}
