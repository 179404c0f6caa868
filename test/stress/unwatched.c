/* A thread that has given up its restartable sequences is known as one that has none: others that find its cache idle, on
 * the one CPU of all, leave it alone.
 * timeout: 60
 * run: HALLOC_PURGE_AFTER_MS=4
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

enum { ROUNDS = 10, HELD = 8, BYTES = 100, THREAD_MS = 200 };

static int stop;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With something at hand, and by slow paths. */
static void *work(void *arg)
{
	free(malloc(BYTES));
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		free(malloc(100000));
	return arg;
}

static void turn(void)
{
	volatile unsigned *held[HELD];

	for (unsigned i = 0; i < HELD; i++) {
		held[i] = malloc(BYTES);
		*held[i] = i;
	}
	for (unsigned i = 0; i < HELD; i++)
		REQUIRE(*held[i] == i);
	for (unsigned i = 0; i < HELD; i++)
		free((void *)held[i]);
}

static void give_up_sequences(void)
{
#ifdef RSEQ_SIG
	size_t least = sizeof(struct rseq);
	size_t bytes = __rseq_size > least ? __rseq_size : least;

	if (has_sequences())
		REQUIRE(syscall(SYS_rseq, own_sequences(), bytes, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) ==
		        0);
#endif
}

static void *be_unwatched(void *arg)
{
	give_up_sequences();
	for (long end = now_ms() + THREAD_MS; now_ms() < end;)
		for (int i = 0; i < 100; i++)
			turn();
	return arg;
}

static void one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
}

int main(void)
{
	pthread_t threads[2], unwatched;

	one_cpu();
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		REQUIRE(pthread_create(&unwatched, NULL, be_unwatched, NULL) == 0);
		pthread_join(unwatched, NULL);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
