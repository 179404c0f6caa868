/*
 * tcache - a thread's cache: made with its thread, hidden, and ended.
 *
 * Holds:  a cache for each thread that called; the list of them all.
 * Always: only the thread itself touches its cache, but for the child of a fork, and for a thread that empties it: see
 *         below.
 * Locks:  threads (rank THREADS) for the list, for who uses which arena, and to empty caches of others; may then take
 *         ARENA.
 */
#include "tcache.h"
#include "idle.h"
#include "lock.h"
#include "machine.h"
#include "options.h"
#include "outbox.h"
#include "page_b.h"
#include "sampling.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A cache is emptied when its thread was not at it in so many rounds, of which there are four in the time after which
 * memory is idle; of so many caches in a round. */
#define SLEEPS_ROUNDS   2u
#define EMPTIES_AT_ONCE 128u

/* An arena more is a slab more of each class. With these, threads that run side by side hardly ever share one. */
#define ARENAS_A_CPU 2u

/* As tcache_none, from their first use on: of a thread that has ended; and of one whose cache another thread takes, until
 * it comes by. */
struct tcache_stand_in tcache_gone lies_late;
static struct tcache_stand_in tcache_taken lies_late;

__thread struct tcache *tcache_self __attribute__((tls_model("initial-exec"))) = &tcache_none;

/* While the thread's cache is being made, or ended: it; and while a stand-in is hidden: that. What a signal handler calls
 * meanwhile is not to come in between. */
static __thread struct tcache *unfinished __attribute__((tls_model("initial-exec")));

static struct lock threads;
static struct tcache *tcaches;
static unsigned arenas_allowed;
static pthread_key_t key;

/*
 * Who empties the cache of another thread wants it, puts tcache_taken where the thread shows it, interrupts all threads,
 * and then looks whether the thread is at it, or has shown it again.
 * A thread never goes on in the middle of a fast path then; its next call finds nothing at hand, and hides the cache first.
 * The interruption is a fence for all: either the thread is seen to be at it, or to have been, and is left alone; or it
 * sees, when it comes, that its cache is wanted: then it waits. (Asymmetric fences: Dice, Huang, Yang: Asymmetric Dekker
 * synchronization, 2001.)
 */

static void set_unfinished(struct tcache *tcache)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	unfinished = tcache;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

struct tcache *tcache_of_thread(void)
{
	struct tcache *tcache = tcache_shown();

	if (likely(tcache != &tcache_taken.tcache))
		return tcache;
	/* None while the thread ends: then that is its stand-in. */
	struct tcache *own = pthread_getspecific(key);
	return own != NULL ? own : tcache;
}

struct tcache *tcache_hide(void)
{
	bool slept = awake_not() || tcache_shown() == &tcache_taken.tcache;
	struct tcache *tcache = tcache_of_thread();

	if (!tcache_has_arena(tcache) && unfinished == NULL)
		set_unfinished(tcache);
	awake_forget();
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&tcache_self, &tcache_none, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (tcache_has_arena(tcache)) {
		if (tcache_enter(tcache)) {
			/* Who wants it holds the lock until it is done. */
			lock_acquire(&threads);
			lock_release(&threads);
		}
		__atomic_store_n(&tcache_more(tcache)->visits, tcache_more(tcache)->visits + 1,
		                 __ATOMIC_RELAXED);
	}
	if (unlikely(slept))
		idle_tick();
	return tcache;
}

void tcache_show(struct tcache *tcache)
{
	/* In this order. A signal handler hides and shows the cache only once it is there: then nothing is noted any more. */
	if (tcache_has_arena(tcache) && likely(tcache_more(tcache)->lent == 0))
		awake_note(tcache->arena_number);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&tcache_self, tcache, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (tcache_has_arena(tcache))
		tcache_leave(tcache);
	else if (unfinished == tcache)
		set_unfinished(NULL);
}

/* --- Threads come and go ------------------------------------------------------------------------ */

/* The arena with the fewest threads. */
static struct arena *arena_choose(void)
{
	struct arena *best = NULL;

	for (unsigned i = 0; i < arenas_allowed && slab_arena(i) != NULL; i++)
		if (best == NULL || slab_arena(i)->users < best->users)
			best = slab_arena(i);
	return best;
}

/* As arena_choose, but a new one rather than a shared one while they are allowed. Locks: threads is
 * held, but for the making of an arena, which brings a lock that fork must not find half-made. */
static struct arena *arena_choose_or_make(void)
{
	struct arena *best = arena_choose();
	bool made = true;

	/* Again when another thread took the one that was made. */
	while (made && (best == NULL || best->users != 0) &&
	       slab_arena(arenas_allowed - 1) == NULL) {
		lock_release(&threads);
		made = slab_arena_new(arenas_allowed) != NULL;
		lock_acquire(&threads);
		best = arena_choose();
	}
	return best;
}

static void list_add(struct tcache *tcache)
{
	tcache->next = tcaches;
	if (tcaches != NULL)
		tcaches->previous = tcache;
	tcaches = tcache;
	__atomic_store_n(&magazines_caches, magazines_caches + 1, __ATOMIC_RELAXED);
}

static void list_remove(struct tcache *tcache)
{
	if (tcache->previous != NULL)
		tcache->previous->next = tcache->next;
	else
		tcaches = tcache->next;
	if (tcache->next != NULL)
		tcache->next->previous = tcache->previous;
	__atomic_store_n(&magazines_caches, magazines_caches - 1, __ATOMIC_RELAXED);
}

/* The bytes of a cache, with what follows it. */
static size_t cache_bytes(void)
{
	return sizeof(struct tcache) + (sampling_one_in != 0
	                                        ? sizeof(struct tcache_more)
	                                        : offsetof(struct tcache_more, returns));
}

bool tcache_hides(void)
{
	return unfinished != NULL || pthread_getspecific(key) != NULL;
}

/* Locks: threads is held, so that no other thread forks while slots are in their slabs and here. */
static void tcache_empty(struct tcache *tcache)
{
	/* Other than 0 in the child of a fork alone; sending changes it. */
	uint8_t changing = tcache->changing;

	if (changing != TCACHE_OUTBOX_CHANGES)
		outbox_send(tcache);
	magazines_free(tcache, changing);
}

/* Empties a cache and gives its record back. Locks: threads is held. */
static void tcache_end(struct tcache *tcache)
{
	tcache_empty(tcache);
	tcache->arena->users--;
	list_remove(tcache);
	page_b_record_free(tcache, cache_bytes());
}

/* Locks: threads is held. */
static void stand_in_fill(struct tcache_stand_in *stand_in)
{
	if (stand_in->tcache.arena_number != TCACHE_ARENA_NONE)
		stand_in->tcache = tcache_none;
}

/* From here on this thread has a stand-in for its cache. */
static void leave(struct tcache *tcache, struct tcache *stand_in)
{
	set_unfinished(tcache);
	awake_forget();
	__atomic_store_n(&tcache_self, &tcache_none, __ATOMIC_RELAXED);
	lock_acquire(&threads);
	stand_in_fill(&tcache_gone);
	tcache_end(tcache);
	lock_release(&threads);
	idle_tick(); /* where a signal handler is not to come in between, either */
	__atomic_store_n(&tcache_self, stand_in, __ATOMIC_RELAXED);
	set_unfinished(NULL);
}

/* Enters a cache in the list, with an arena. Returns: false when there is no memory for one. */
static bool list_enter(struct tcache *tcache)
{
	lock_acquire(&threads);
	tcache->arena = arena_choose_or_make();
	if (tcache->arena != NULL) {
		tcache->arena_number = tcache->arena->number;
		tcache->arena->users++;
		list_add(tcache);
	}
	lock_release(&threads);
	return tcache->arena != NULL;
}

/* Returns: NULL when there is no memory for one. */
static struct tcache *tcache_make(void)
{
	struct tcache *tcache = page_b_record_new(cache_bytes());

	set_unfinished(tcache);
	if (tcache == NULL)
		return NULL;
	if (sampling_one_in != 0)
		sampling_prepare(tcache);
	magazines_prepare(tcache);
	if (list_enter(tcache))
		return tcache;
	page_b_record_free(tcache, cache_bytes());
	return NULL;
}

/* From here on this thread has the cache. Returns: false when it would not end with the thread, and is gone. */
static bool tcache_begin(struct tcache *tcache)
{
	/* Before the key is set: setting it may call calloc. */
	tcache_enter(tcache);
	tcache_show(tcache);
	bool kept = pthread_setspecific(key, tcache) == 0;
	/* The first one's is that of the process; in the child of a fork, too. */
	tcache_more(tcache)->thread = tcache_count() > 1 ? gettid() : 0;
	if (kept)
		__atomic_store_n(&tcache_more(tcache)->self, &tcache_self, __ATOMIC_RELEASE);
	else
		leave(tcache, &tcache_none);
	return kept;
}

static bool tcache_new(void)
{
	int saved = errno;
	bool has = true;

	set_unfinished(&tcache_none);
	if (!tcache_has_arena(tcache_shown())) { /* else a signal handler came in between */
		struct tcache *tcache = tcache_make();
		has = tcache != NULL && tcache_begin(tcache);
	}
	set_unfinished(NULL);
	errno = saved;
	return has;
}

bool tcache_have(void)
{
	return tcache_has_arena(tcache_of_thread()) ||
	       (tcache_shown() == &tcache_none && tcache_new());
}

runs_seldom void tcache_prepare(void)
{
	if (!tcache_is_busy())
		tcache_have();
}

/* The key's destructor. Destructors that run later still allocate, without a cache. */
static void thread_exit(void *arg)
{
	int saved = errno;

	leave(arg, &tcache_gone.tcache);
	errno = saved;
}

runs_seldom void tcache_flush_self(void)
{
	if (!tcache_has_arena(tcache_of_thread()))
		return;
	struct tcache *tcache = tcache_hide();
	lock_acquire(&threads);
	/* Or a signal handler has interrupted its thread where that is at it. */
	if (tcache_more(tcache)->busy == 1)
		tcache_empty(tcache);
	lock_release(&threads);
	tcache_show(tcache);
}

runs_seldom struct tcache *tcache_lend(void)
{
	if (tcache_is_busy() || !tcache_have())
		return NULL;
	struct tcache *tcache = tcache_of_thread();
	tcache_more(tcache)->lent++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	awake_forget();
	return tcache;
}

/* In a fork that a signal handler has made meanwhile, it is back already. */
runs_seldom void tcache_take_back(struct tcache *tcache)
{
	if (tcache_more(tcache)->lent != 0)
		tcache_more(tcache)->lent--;
}

/* --- Caches of others, emptied ------------------------------------------------------------------- */

/* Whether a cache is to be emptied: all are, or its thread sleeps, and there may be something in it. */
static bool is_to_be_emptied(struct tcache *tcache, bool all)
{
	struct tcache_more *more = tcache_more(tcache);
	uint32_t visits = __atomic_load_n(&more->visits, __ATOMIC_RELAXED);

	if (visits != more->visits_seen) {
		more->visits_seen = visits;
		more->rounds = 0;
		more->emptied = false;
	}
	if (more->rounds < SLEEPS_ROUNDS)
		more->rounds++;
	return !more->emptied && (all || more->rounds == SLEEPS_ROUNDS);
}

/* Whether a thread is there, and so what it shows: one may end without its destructors. */
static bool is_there(pid_t process, pid_t thread)
{
	int saved = errno;
	bool there = syscall(SYS_tgkill, process, thread != 0 ? thread : process, 0) == 0;

	errno = saved;
	return there;
}

/* Takes a cache that its thread shows. Returns: false where that is at it. */
static bool take(struct tcache *tcache, pid_t process)
{
	struct tcache_more *more = tcache_more(tcache);
	struct tcache **self = __atomic_load_n(&more->self, __ATOMIC_ACQUIRE);
	struct tcache *shown = tcache;

	if (self == NULL || !is_there(process, more->thread))
		return false;
	__atomic_store_n(&more->wanted, true, __ATOMIC_SEQ_CST);
	if (__atomic_compare_exchange_n(self, &shown, &tcache_taken.tcache, false, __ATOMIC_SEQ_CST,
	                                __ATOMIC_SEQ_CST) ||
	    shown == &tcache_taken.tcache)
		return true;
	__atomic_store_n(&more->wanted, false, __ATOMIC_RELEASE);
	return false;
}

/* Wants the caches that are to be emptied, at most so many. Returns: how many they are. */
static unsigned want(bool all)
{
	pid_t process = getpid();
	unsigned count = 0;

	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = tcache->next)
		if (is_to_be_emptied(tcache, all) && (all || count < EMPTIES_AT_ONCE))
			count += take(tcache, process);
	return count;
}

/* Whether its thread was interrupted, and has not come by since it was taken; in this order, as it shows it before it
 * leaves. */
static bool is_taken(const struct tcache_more *more)
{
	return awake_is_watched(more->self, &tcache_self) &&
	       __atomic_load_n(&more->busy, __ATOMIC_ACQUIRE) == 0 &&
	       __atomic_load_n(more->self, __ATOMIC_RELAXED) == &tcache_taken.tcache;
}

static void empty_wanted(bool interrupted)
{
	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = tcache->next) {
		struct tcache_more *more = tcache_more(tcache);
		if (!more->wanted)
			continue;
		if (interrupted && is_taken(more)) {
			tcache_empty(tcache);
			more->emptied = true;
		}
		__atomic_store_n(&more->wanted, false, __ATOMIC_RELEASE);
	}
}

runs_later void tcache_empty_others(bool all)
{
	if (tcache_count() < 2 || !awake_interrupts)
		return;
	if (all)
		lock_acquire(&threads);
	else if (!lock_try(&threads))
		return;
	stand_in_fill(&tcache_taken);
	if (want(all) != 0)
		empty_wanted(awake_interrupt_all());
	lock_release(&threads);
}

runs_later void tcache_fork_child(void)
{
	const struct tcache *own = tcache_of_thread();
	struct tcache *next;

	if (tcache_is_busy())
		own = pthread_getspecific(key);
	if (own == NULL)
		own = unfinished;
	lock_acquire(&threads);
	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = next) {
		next = tcache->next;
		if (tcache != own)
			tcache_end(tcache);
		else
			tcache_more(tcache)->thread = 0;
	}
	lock_release(&threads);
}

bool tcache_boot(void)
{
	unsigned cpus = machine_cpus();

	lock_init(&threads, LOCK_RANK_THREADS);
	sampling_one_in = options.sample;
	if (sampling_one_in != 0)
		slab_magazines_at = sizeof(struct tcache) + offsetof(struct tcache_more, returns);
	halloc_page_b.tcaches = &tcaches;
	halloc_page_b.tcache_bytes = sizeof(struct tcache);
	arenas_allowed = options.arenas != 0 ? (unsigned)options.arenas : ARENAS_A_CPU * cpus;
	if (arenas_allowed > AWAKE_NUMBERS_MAX)
		arenas_allowed = AWAKE_NUMBERS_MAX;
	idle_empty_caches = tcache_empty_others;
	awake_boot(arenas_allowed);
	return pthread_key_create(&key, thread_exit) == 0;
}
