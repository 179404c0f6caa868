/* Mutual exclusion, ranks, and the registry around fork.
 * links: lock report */
#include "lock.h"
#include "child.h"

static struct lock low, high, high_too;
static unsigned counter;

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		lock_acquire(&low);
		unsigned seen = counter;
		__asm__ volatile("" ::: "memory");
		counter = seen + 1;
		lock_release(&low);
	}
	return NULL;
}

static void exclusion(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, count, NULL) == 0);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(counter == 80000);
}

static void *try(void *arg)
{
	*(bool *)arg = lock_try(&low);
	if (*(bool *)arg)
		lock_release(&low);
	return NULL;
}

static bool try_elsewhere(void)
{
	bool got = false;
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, try, &got) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	return got;
}

static void *set_flag(void *arg)
{
	lock_acquire(&low);
	__atomic_store_n((bool *)arg, true, __ATOMIC_SEQ_CST);
	lock_release(&low);
	return NULL;
}

/* What the only thread holds, threads that are made in the meantime wait for. */
static void alone(void)
{
	bool entered_too = false;
	pthread_t thread;

	REQUIRE(lock_is_alone());
	lock_acquire(&low);
	REQUIRE(pthread_mutex_trylock(&low.mutex) == 0);
	pthread_mutex_unlock(&low.mutex);
	REQUIRE(!lock_try(&low));
	REQUIRE(!try_elsewhere());
	REQUIRE(pthread_create(&thread, NULL, set_flag, &entered_too) == 0);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	REQUIRE(!__atomic_load_n(&entered_too, __ATOMIC_SEQ_CST));
	lock_release(&low);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(entered_too);
}

/* Who ends the process gives back, too, what it took alone. */
static void abandon_alone(void *arg)
{
	(void)arg;
	lock_acquire(&low);
	lock_acquire(&high);
	lock_abandon();
	REQUIRE(lock_try(&low));
	REQUIRE(lock_try(&high));
}

static void falling_rank(void *arg)
{
	(void)arg;
	lock_acquire(&high);
	lock_acquire(&low);
}

static void equal_rank(void *arg)
{
	(void)arg;
	lock_acquire(&high);
	lock_acquire(&high_too);
}

static void falling_rank_tried(void *arg)
{
	(void)arg;
	lock_acquire(&high);
	lock_try(&low);
}

static void rising_rank(void *arg)
{
	(void)arg;
	lock_acquire(&low);
	lock_acquire(&high);
	lock_release(&high);
	lock_acquire(&high_too);
	lock_release(&low);
	lock_release(&high_too);
	lock_acquire(&low);
	lock_release(&low);
}

/* Between prepare and the end of a fork, the forking thread uses the locks; others wait. */
static bool entered;

static void *enter(void *arg)
{
	(void)arg;
	lock_acquire(&low);
	__atomic_store_n(&entered, true, __ATOMIC_SEQ_CST);
	lock_release(&low);
	return NULL;
}

static void forking(void)
{
	pthread_t thread;

	lock_fork_prepare();
	lock_acquire(&low);
	lock_acquire(&high);
	lock_release(&high);
	lock_release(&low);
	REQUIRE(lock_try(&low));
	REQUIRE(pthread_create(&thread, NULL, enter, NULL) == 0);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	REQUIRE(!__atomic_load_n(&entered, __ATOMIC_SEQ_CST));
	lock_fork_parent();
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(entered);
}

/* A child made while another thread holds a lock finds it free. */
static void *hold(void *arg)
{
	(void)arg;
	lock_acquire(&high);
	lock_release(&high);
	return NULL;
}

static void child_of_fork(void)
{
	pthread_t thread;
	int status = 0;

	lock_fork_prepare();
	REQUIRE(pthread_create(&thread, NULL, hold, NULL) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		lock_fork_child();
		rising_rank(NULL);
		struct lock fresh;
		lock_init(&fresh, LOCK_RANK_HEAP);
		lock_destroy(&fresh);
		lock_fork_prepare();
		lock_fork_parent();
		_exit(0);
	}
	lock_fork_parent();
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

/* Locks come and go; those that are left are still taken around fork, in rising rank. */
static void registry(void)
{
	struct lock locks[30];

	for (unsigned i = 0; i < 30; i++)
		lock_init(&locks[i], (enum lock_rank)(1 + i * 7 % LOCK_RANK_PAGE_B));
	for (unsigned i = 0; i < 30; i += 2)
		lock_destroy(&locks[i]);
	lock_fork_prepare();
	for (unsigned i = 1; i < 30; i += 2)
		REQUIRE(pthread_mutex_trylock(&locks[i].mutex) == EBUSY);
	lock_fork_parent();
	for (unsigned i = 1; i < 30; i += 2) {
		REQUIRE(pthread_mutex_trylock(&locks[i].mutex) == 0);
		pthread_mutex_unlock(&locks[i].mutex);
		if (locks[i].next != NULL)
			REQUIRE(locks[i].next->rank >= locks[i].rank);
		lock_destroy(&locks[i]);
	}
}

/* Handlers of others allocate between prepare and the end of a fork: a lock may be made and go. */
static void made_by_fork(void)
{
	static struct lock stays, goes;

	lock_fork_prepare();
	lock_init(&stays, LOCK_RANK_ARENA);
	lock_init(&goes, LOCK_RANK_HEAP);
	lock_acquire(&stays);
	lock_release(&stays);
	lock_destroy(&goes);
	REQUIRE(pthread_mutex_trylock(&stays.mutex) == EBUSY);
	lock_fork_parent();
	REQUIRE(pthread_mutex_trylock(&stays.mutex) == 0);
	pthread_mutex_unlock(&stays.mutex);
	lock_destroy(&stays);
}

static void made_while_held(void *arg)
{
	static struct lock another;

	(void)arg;
	lock_acquire(&low);
	lock_init(&another, LOCK_RANK_HEAP);
}

/* Whoever gives all of its locks back, in whatever order it took and gave some, holds none. */
static void abandon(void)
{
	lock_acquire(&low);
	lock_acquire(&high);
	lock_release(&low);
	REQUIRE(try_elsewhere());
	REQUIRE(pthread_mutex_trylock(&high.mutex) == EBUSY);
	lock_abandon();
	REQUIRE(pthread_mutex_trylock(&high.mutex) == 0);
	pthread_mutex_unlock(&high.mutex);
	lock_abandon();
	rising_rank(NULL);
}

/* --- Signal handlers ------------------------------------------------------------------------------- */

static void taken_again(void *arg)
{
	(void)arg;
	alarm(20); /* as it would wait for itself */
	lock_acquire(&low);
	lock_acquire(&low);
}

static void *stays(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return arg;
}

static void taken_again_among_others(void *arg)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	REQUIRE(pthread_create(&thread, NULL, stays, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	REQUIRE(!lock_is_alone());
	taken_again(arg);
}

/* A fork by who holds a lock: so it is in the child, too, which gives it back. */
static void forks_with_lock(void *arg)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	int status = 0;

	(void)arg;
	alarm(20); /* a deadlock ends by this */
	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	REQUIRE(pthread_create(&thread, NULL, stays, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	lock_acquire(&low);
	lock_fork_prepare();
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0)
		lock_fork_child();
	else
		lock_fork_parent();
	REQUIRE(lock_held() == &low);
	REQUIRE(pthread_mutex_trylock(&low.mutex) != 0);
	lock_release(&low);
	REQUIRE(lock_held() == NULL);
	rising_rank(NULL);
	REQUIRE(try_elsewhere());
	if (child == 0)
		_exit(0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
	pthread_barrier_wait(&barrier);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

/* --- Calls that wait --------------------------------------------------------------------------------- */

static unsigned called[4];
static unsigned calls;

static void note_call(unsigned number)
{
	REQUIRE(lock_held() == NULL);
	REQUIRE(try_elsewhere());
	called[calls++] = number;
}

static void first(struct lock_later *later)
{
	later->call = NULL;
	note_call(1);
}

static void second(struct lock_later *later)
{
	later->call = NULL;
	note_call(2);
}

/* They are made once no lock is held, in whatever order locks are given back; by who asked, in the order that he
 * asked; once. */
static void calls_wait(bool falling)
{
	struct lock_later laters[2] = {{.call = first}, {.call = second}};

	calls = 0;
	REQUIRE(lock_held() == NULL);
	lock_acquire(&low);
	lock_acquire(&high);
	REQUIRE(lock_held() != NULL);
	lock_call_later(lock_held(), &laters[0]);
	lock_release(falling ? &high : &low);
	REQUIRE(lock_held() == (falling ? &low : &high));
	lock_call_later(lock_held(), &laters[1]);
	REQUIRE(calls == 0);
	lock_release(falling ? &low : &high);
	REQUIRE(calls == 2);
	REQUIRE(called[0] == 1);
	REQUIRE(called[1] == 2);
	rising_rank(NULL);
	REQUIRE(calls == 2);
}

static bool waits;

/* The fork may have the lock by now. */
static void third(struct lock_later *later)
{
	later->call = NULL;
}

static void *call_while_forking(void *arg)
{
	struct lock_later later = {.call = third};

	lock_acquire(&low);
	lock_call_later(&low, &later);
	__atomic_store_n(&waits, true, __ATOMIC_SEQ_CST);
	usleep(20000);
	lock_release(&low);
	REQUIRE(later.call == NULL);
	return arg;
}

/* A fork waits until they are under way, so that the child has none to make. */
static void calls_and_fork(void)
{
	pthread_t thread;
	int status = 0;

	REQUIRE(pthread_create(&thread, NULL, call_while_forking, NULL) == 0);
	while (!__atomic_load_n(&waits, __ATOMIC_SEQ_CST))
		sched_yield();
	lock_fork_prepare();
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		lock_fork_child();
		calls = 0;
		rising_rank(NULL);
		_exit(calls != 0);
	}
	lock_fork_parent();
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

int main(void)
{
	lock_init(&high, LOCK_RANK_HEAP);
	lock_init(&low, LOCK_RANK_ARENA);
	lock_init(&high_too, LOCK_RANK_HEAP);
	REQUIRE(child_run(rising_rank, NULL) == 0);
	REQUIRE(child_aborts(falling_rank, NULL, "halloc: bug in halloc: held_ranks"));
	REQUIRE(child_aborts(falling_rank_tried, NULL, "halloc: bug in halloc: held_ranks"));
	REQUIRE(child_run(abandon_alone, NULL) == 0);
	REQUIRE(child_aborts(taken_again, NULL, "halloc: a signal handler calls the heap"));
	REQUIRE(child_aborts(taken_again_among_others, NULL,
	                     "halloc: a signal handler calls the heap"));
	REQUIRE(child_run(forks_with_lock, NULL) == 0);
	alone();
	exclusion();
	lock_acquire(&low);
	REQUIRE(!try_elsewhere());
	lock_release(&low);
	REQUIRE(try_elsewhere());
	REQUIRE(child_run(rising_rank, NULL) == 0);
	REQUIRE(child_aborts(falling_rank, NULL, "halloc: bug in halloc: held_ranks"));
	REQUIRE(child_aborts(equal_rank, NULL, "halloc: bug in halloc: held_ranks"));
	REQUIRE(child_aborts(falling_rank_tried, NULL, "halloc: bug in halloc: held_ranks"));
	REQUIRE(child_aborts(made_while_held, NULL, "halloc: bug in halloc: held_ranks"));
	abandon();
	forking();
	child_of_fork();
	registry();
	made_by_fork();
	calls_wait(true);
	calls_wait(false);
	calls_and_fork();
	return 0;
}
