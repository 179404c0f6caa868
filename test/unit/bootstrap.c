/* The static buffer: cells, their states, its end, and threads that race for it.
 * links: bootstrap */
#include "bootstrap.h"
#include "test.h"
#include <pthread.h>

enum { THREADS = 4, BLOCKS = 200 };

static char *blocks[THREADS][BLOCKS];

static void alignments(void)
{
	for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
		char *ptr = bootstrap_new(1, alignment);
		REQUIRE(ptr);
		REQUIRE((uintptr_t)ptr % alignment == 0);
		REQUIRE((uintptr_t)ptr % 16 == 0);
	}
	REQUIRE(bootstrap_new(16, 8192) == NULL);
	REQUIRE(bootstrap_new(BOOTSTRAP_BYTES + 1, 16) == NULL);
	REQUIRE(bootstrap_new(SIZE_MAX, 16) == NULL);
	REQUIRE(bootstrap_new(SIZE_MAX - 14, 16) == NULL);
}

static void states(void)
{
	int outside;
	size_t live = bootstrap_bytes_live();
	char *ptr = bootstrap_new(40, 16);

	REQUIRE(bootstrap_bytes_live() == live + 48);
	REQUIRE(bootstrap_bytes(ptr) == 48);
	REQUIRE(bootstrap_state(ptr) == BOOTSTRAP_LIVE);
	for (int i = 1; i < 48; i++)
		REQUIRE(bootstrap_state(ptr + i) == BOOTSTRAP_INSIDE);
	REQUIRE(bootstrap_state(&outside) == BOOTSTRAP_FOREIGN);
	REQUIRE(bootstrap_state(NULL) == BOOTSTRAP_FOREIGN);
	REQUIRE(bootstrap_state((void *)UINTPTR_MAX) == BOOTSTRAP_FOREIGN);
	REQUIRE(bootstrap_free(ptr));
	REQUIRE(bootstrap_state(ptr) == BOOTSTRAP_DEAD);
	REQUIRE(!bootstrap_free(ptr));
	REQUIRE(bootstrap_bytes_live() == live);
	/* Never used twice. */
	char *other = bootstrap_new(40, 16);
	REQUIRE(other != ptr);
	REQUIRE(bootstrap_state(ptr) == BOOTSTRAP_DEAD);
	char *empty = bootstrap_new(0, 16);
	REQUIRE(bootstrap_state(empty) == BOOTSTRAP_LIVE);
	REQUIRE(bootstrap_bytes(empty) == 16);
}

static void *race(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[thread][i] = bootstrap_new(32, i % 8 == 0 ? 64 : 16);
		REQUIRE(blocks[thread][i]);
		for (int k = 0; k < 32; k++)
			REQUIRE(blocks[thread][i][k] == 0);
		fill(blocks[thread][i], 32, thread * BLOCKS + i);
	}
	return NULL;
}

/* One of the threads that free a cell is told that it did, no more. */
static char *contested;
static unsigned winners;

static void *free_race(void *arg)
{
	(void)arg;
	if (bootstrap_free(contested))
		__atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void in_threads(void *(*act)(void *))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, act, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
}

static void last_bytes(void)
{
	size_t live = bootstrap_bytes_live();
	size_t taken = 0;
	char *last = NULL;

	for (char *ptr; (ptr = bootstrap_new(16, 16)) != NULL; last = ptr)
		taken += 16;
	REQUIRE(bootstrap_bytes_live() == live + taken);
	REQUIRE(taken > 0);
	REQUIRE(bootstrap_state(last) == BOOTSTRAP_LIVE);
	REQUIRE(bootstrap_state(last + 15) == BOOTSTRAP_INSIDE);
	REQUIRE(bootstrap_state(last + 16) == BOOTSTRAP_FOREIGN);
	fill(last, 16, 1);
	REQUIRE(bootstrap_new(1, 16) == NULL);
	REQUIRE(bootstrap_new(0, 1) == NULL);
}

int main(void)
{
	alignments();
	states();
	in_threads(race);
	for (unsigned thread = 0; thread < THREADS; thread++)
		for (unsigned i = 0; i < BLOCKS; i++)
			REQUIRE(filled(blocks[thread][i], 32, thread * BLOCKS + i));
	for (int round = 0; round < 20; round++) {
		contested = bootstrap_new(16, 16);
		winners = 0;
		in_threads(free_race);
		REQUIRE(winners == 1);
	}
	last_bytes();
	return 0;
}
