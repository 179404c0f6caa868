/* fork while another thread holds each of the locks in turn: it waits for them, and the child has a heap. So it has,
 * once it gives the lock back, where the forking thread itself holds one, as in a signal handler.
 * links: misuse slack backtrace guarded guards hardened makers quarantine inspect halloc hits dump introspect resize alloc boot background objects bootstrap misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge move touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report
 * timeout: 400 */
#include "../../include/halloc.h"
#include "alloc.h"
#include "boot.h"
#include "child.h"
#include "heap.h"
#include "lock.h"
#include "resize.h"
#include "sizes.h"
#include <pthread.h>
#include <sys/resource.h>

static pthread_barrier_t barrier;
static bool released;

/* What any process may do: blocks of all sizes, a heap of its own, and threads. */
static void allocate_all(void)
{
	allocate_sizes(alloc_new, resize_block, alloc_free);
	struct heap *heap = heap_create(0, 16);
	REQUIRE(heap_alloc(heap, 100));
	heap_destroy(heap);
	hdefrag();
}

static void *allocates(void *arg)
{
	allocate_all();
	return arg;
}

static void be_child(unsigned grandchildren, int end)
{
	pthread_t thread;
	int status = 0;

	alarm(20); /* a deadlock ends by this */
	allocate_all();
	REQUIRE(pthread_create(&thread, NULL, allocates, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	if (grandchildren > 0) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			be_child(grandchildren - 1, end);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == end);
	}
	exit(end);
}

static void *holds(void *arg)
{
	struct lock *lock = arg;

	lock_acquire(lock);
	pthread_barrier_wait(&barrier);
	usleep(20000);
	__atomic_store_n(&released, true, __ATOMIC_SEQ_CST);
	lock_release(lock);
	return NULL;
}

static void fork_while_held(struct lock *lock)
{
	pthread_t thread;
	int status = 0;

	released = false;
	REQUIRE(pthread_create(&thread, NULL, holds, lock) == 0);
	pthread_barrier_wait(&barrier);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		REQUIRE(released);
		be_child(1, 7);
	}
	REQUIRE(released);
	allocate_all();
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status));
	REQUIRE(WEXITSTATUS(status) == 7);
}

/* The first of the registry, from any. */
static struct lock *first_lock(void)
{
	struct lock *lock = &heap_process->lock;

	while (lock->previous != NULL)
		lock = lock->previous;
	return lock;
}

static void *has_a_cache(void *arg)
{
	allocate_all();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

/* The other thread's cache waits for the lock. */
static void fork_with(struct lock *lock)
{
	pthread_t thread;
	int status = 0;

	REQUIRE(pthread_create(&thread, NULL, has_a_cache, NULL) == 0);
	pthread_barrier_wait(&barrier);
	REQUIRE(tcache_count() == 2);
	lock_acquire(lock);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		REQUIRE(lock_held() == lock);
		REQUIRE(tcache_count() == 2);
		lock_release(lock);
		REQUIRE(tcache_count() == 1);
		be_child(1, 7);
	}
	lock_release(lock);
	allocate_all();
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status));
	REQUIRE(WEXITSTATUS(status) == 7);
	pthread_barrier_wait(&barrier);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

static void every_lock(void)
{
	unsigned ranks = 0;
	struct heap *heap = heap_create(0, 16); /* its lock is another */

	for (struct lock *lock = first_lock(); lock != NULL; lock = lock->next) {
		ranks |= 1u << lock->rank;
		fork_while_held(lock);
		fork_with(lock);
	}
	heap_destroy(heap);
	/* Nobody has an observer's. */
	REQUIRE(ranks ==
	        (1u << LOCK_RANK_USER_HEAP | 1u << LOCK_RANK_THREADS | 1u << LOCK_RANK_ARENA |
	         1u << LOCK_RANK_LARGE | 1u << LOCK_RANK_HEAP | 1u << LOCK_RANK_PAGE_B));
}

/* Where the system has no room for a heap, every call takes boot's lock and is refused. */
static bool stop;

static void *is_refused(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		REQUIRE(alloc_new(100000) == NULL);
	return arg;
}

static void boot_lock(void *arg)
{
	struct rlimit none = {0, 0};
	pthread_t thread;
	int status = 0;

	(void)arg;
	REQUIRE(pthread_create(&thread, NULL, is_refused, NULL) == 0);
	pthread_barrier_wait(&barrier);
	REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
	boot_start();
	REQUIRE(!boot_ensure());
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 300; i++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			alarm(20);
			_exit(alloc_new(100000) == NULL ? 7 : 8);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 7);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	REQUIRE(setenv("HALLOC_SAMPLE", "5", 1) == 0); /* for the lock of guarded blocks */
	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	int status = child_run(boot_lock, NULL);
	if (status != 0)
		fprintf(stderr, "%s", child_said);
	REQUIRE(status == 0);
	boot_start();
	every_lock();
	return 0;
}
