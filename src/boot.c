/*
 * boot - builds the heap, from the lowest floor up, and sees to it when the process forks and ends.
 *
 * Holds:  whether the heap stands.
 * Always: of the threads that come first, one builds it; the others wait.
 * Locks:  boot_mutex, while the heap is being built, and while the process forks.
 */
#include "boot.h"
#include "background.h"
#include "guarded.h"
#include "hardened.h"
#include "heap.h"
#include "limit.h"
#include "lock.h"
#include "makers.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "page_b.h"
#include "slots.h"
#include "tcache.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

enum boot_stage boot_stage;
bool boot_started;

static pthread_mutex_t boot_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t boot_thread;

/* --- The rooms from the lowest floor up ----------------------------------------------------------- */

/* A sampled block takes a heap page, though little memory: many of them would use up the mappings that a
 * process may have, and more than a small part of a limit, ours or the system's. */
static unsigned sampled_max(void)
{
	size_t bytes = limit_bytes < os_bytes_max() ? limit_bytes : os_bytes_max();
	size_t most = bytes / HEAP_PAGE_BYTES / 32;

	return most < 1024 ? (unsigned)most : 1024;
}

static void came_twice(void *ptr)
{
	misuse_report("free", ptr, true);
}

static bool rooms_boot(void)
{
	options_boot();
	report_carry_on = options.on_error != 0;
	os_boot();
	limit_boot();
	halloc_page_b.limit_bytes = limit_bytes;
	if (!page_b_boot() || !heap_boot())
		return false;
	hardened_on = options.hardened != 0;
	slab_hidden = hardened_on;
	slab_has_origins = hardened_on && options.mismatch != 0;
	if (hardened_on || options.sample != 0)
		guarded_boot(hardened_on ? UINT_MAX : sampled_max(), !hardened_on);
	halloc_page_b.sample_one_in = hardened_on ? 0 : options.sample;
	if (hardened_on || options.guard_copies != 0)
		sizeclass_refine_all(); /* slots end where blocks do, as far as they can */
	slab_boot();
	slots_came_twice = came_twice;
	if (!tcache_boot() || !tcache_have() || !hardened_boot())
		return false;
	halloc_page_b.ready = 1;
	return true;
}

static enum boot_stage stage_now(void)
{
	return __atomic_load_n(&boot_stage, __ATOMIC_ACQUIRE);
}

bool boot_is_here(void)
{
	return stage_now() == BOOT_BUILDING && pthread_equal(boot_thread, pthread_self());
}

__attribute__((noinline)) static void boot_once(void)
{
	int saved = errno;

	pthread_mutex_lock(&boot_mutex);
	if (stage_now() == BOOT_NONE) {
		boot_thread = pthread_self();
		__atomic_store_n(&boot_stage, BOOT_BUILDING, __ATOMIC_RELEASE);
		bool built = rooms_boot();
		if (!built)
			report_warning("the system has no room for a heap");
		__atomic_store_n(&boot_stage, built ? BOOT_READY : BOOT_FAILED, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&boot_mutex);
	errno = saved;
}

bool boot_ensure(void)
{
	if (unlikely(!boot_is_ready()) && !boot_is_here())
		boot_once();
	return boot_is_ready();
}

/* Without other threads, what is locked is locked by this one: it forks in a signal handler that came in
 * between. Waiting would be for ever; and the child, too, goes on where the handler came in, and unlocks. */
static pthread_t forks_alone; /* the thread that does */

/* Its forks that are under way, a bit each, the last one lowest: whether that one is made so; or within another fork, by
 * a handler that runs between ours: then all is locked already. */
static unsigned alone;

runs_later static void fork_prepare(void)
{
	struct lock_signals signals;
	bool mine = alone != 0 && forks_alone == pthread_self();

	if (lock_is_alone() || lock_is_forking()) {
		forks_alone = pthread_self();
		alone = (mine ? alone << 1 : 0) | 1;
		return;
	}
	if (mine)
		alone <<= 1;
	lock_hold_signals(&signals);
	pthread_mutex_lock(&boot_mutex);
	lock_fork_prepare();
	lock_let_signals(&signals);
}

/* Whether the fork that ends was made so: others may have begun since, in signal handlers, and by threads. */
runs_later static bool forked_alone(void)
{
	bool was = alone & 1;

	if (alone == 0 || forks_alone != pthread_self())
		return false;
	alone >>= 1;
	return was;
}

runs_later static void fork_parent(void)
{
	struct lock_signals signals;

	if (forked_alone())
		return;
	lock_hold_signals(&signals);
	lock_fork_parent();
	pthread_mutex_unlock(&boot_mutex);
	lock_let_signals(&signals);
}

runs_later static void caches_call(struct lock_later *later)
{
	later->call = NULL;
	tcache_fork_child();
}

/* The caches of threads that are no more wait for the lock that the thread holds in whose signal handler this is. */
runs_later static void caches_end(void)
{
	static struct lock_later later;
	struct lock *held = lock_held();

	if (held == NULL) {
		tcache_fork_child();
	} else if (later.call == NULL) {
		later.call = caches_call;
		lock_call_later(held, &later);
	}
}

/* Other threads are no more, whatever they were in the middle of. */
runs_later static void threads_end(void)
{
	slots_fork_child();
	makers_opening = 0; /* by others */
	if (boot_is_ready())
		caches_end();
}

runs_later static void locks_reset(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	if (forks_alone != pthread_self())
		alone = 0; /* of a thread that is no more */
	lock_fork_child();
	boot_mutex = fresh;
}

runs_later static void fork_child(void)
{
	struct lock_signals signals;
	bool was_alone = forked_alone();

	if (was_alone && !lock_is_forking())
		return;
	lock_hold_signals(&signals);
	if (was_alone)
		lock_fork_child_within();
	else
		locks_reset();
	threads_end();
	lock_let_signals(&signals);
	if (boot_is_ready())
		background_fork_child();
}

void boot_prepare_forks(void)
{
	static bool registered;

	if (!__atomic_exchange_n(&registered, true, __ATOMIC_RELAXED))
		pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void boot_start(void)
{
	boot_started = true;
	boot_ensure();
	boot_prepare_forks();
}

void boot_finish(void)
{
	if (!boot_is_ready())
		return;
	guarded_sweep();
	if (hardened_on)
		hardened_sweep();
}
