/* Threads that have worked for long, and then sleep, keep no more than 64 KiB each: from a second later on, as soon as any thread
 * calls; or at once, when one asks for it by malloc_trim. And so, when they have worked again.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <time.h>

enum { TURNS = 2, THREADS = 64, CALLS = 100000, LIVE = 100, STACK = 65536, KEEPS_MOST = 64 << 10 };

static pthread_barrier_t worked, ends;

static void work_once(uint32_t seed)
{
	void *blocks[LIVE] = {0};

	for (unsigned i = 0; i < CALLS; i++) {
		unsigned at = next_random(&seed) % LIVE;
		size_t size = 1 + next_random(&seed) % (at % 8 == 0 ? 4000 : 300);
		free(blocks[at]);
		blocks[at] = malloc(size);
		REQUIRE(blocks[at]);
		memset(blocks[at], 1, size);
	}
	for (unsigned i = 0; i < LIVE; i++)
		free(blocks[i]);
}

static void *work(void *arg)
{
	for (unsigned i = 0; i < TURNS; i++) {
		work_once((uint32_t)(uintptr_t)arg);
		pthread_barrier_wait(&worked);
		pthread_barrier_wait(&ends);
	}
	return NULL;
}

static void rest(void)
{
	const struct timespec tenth = {.tv_nsec = 100000000};

	for (unsigned i = 0; i < 15; i++) {
		nanosleep(&tenth, NULL);
		free(malloc(100000));
	}
}

static void round_of(bool trims)
{
	pthread_attr_t small;
	pthread_t threads[THREADS];

	size_t before = resident_bytes();
	REQUIRE(pthread_attr_init(&small) == 0);
	REQUIRE(pthread_attr_setstacksize(&small, STACK) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], &small, work, (void *)(i + 1)) == 0);
	for (unsigned i = 0; i < TURNS; i++) {
		pthread_barrier_wait(&worked);
		size_t then = resident_bytes();
		if (trims)
			malloc_trim(0);
		else
			rest();
		size_t now = resident_bytes();
		fprintf(stderr, "KiB for each thread: %zu, and idle %zu\n",
		        (then - before) / THREADS / 1024,
		        now < before ? 0 : (now - before) / THREADS / 1024);
		REQUIRE(now < before + (size_t)THREADS * KEEPS_MOST);
		pthread_barrier_wait(&ends);
	}
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
	if (!has_sequences()) {
		puts("without sequences, nobody empties what others have at hand");
		return 77;
	}
	REQUIRE(pthread_barrier_init(&worked, NULL, THREADS + 1) == 0);
	REQUIRE(pthread_barrier_init(&ends, NULL, THREADS + 1) == 0);
	round_of(true);
	round_of(false);
	round_of(false);
	return 0;
}
