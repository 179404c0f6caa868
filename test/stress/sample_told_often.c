/* Threads read blocks that others free at the same time, and carry on after each report; even if what was freed goes
 * back at once, as memory is short, between an access and its report.
 * run: HALLOC_SAMPLE=1 HALLOC_ON_ERROR=report HALLOC_LIMIT=64M */
#include "test.h"
#include <pthread.h>

enum { READERS = 2, FREERS = 2, SHARED = 4, ROUNDS = 10000, BELOW = 16 << 20, TOO_MUCH = 1 << 30 };

static volatile char *shared[SHARED];
static bool ends;

static void *reads(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	while (!__atomic_load_n(&ends, __ATOMIC_RELAXED)) {
		volatile char *block =
		        __atomic_load_n(&shared[next_random(&random) % SHARED], __ATOMIC_RELAXED);
		if (block != NULL)
			(void)block[next_random(&random) % 100];
	}
	return NULL;
}

static void *frees(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		char *fresh = malloc(100);
		REQUIRE(fresh != NULL);
		fill(fresh, 100, (unsigned)i);
		REQUIRE(filled(fresh, 100, (unsigned)i));
		free((void *)(uintptr_t)__atomic_exchange_n(&shared[next_random(&random) % SHARED],
		                                            fresh, __ATOMIC_RELAXED));
		REQUIRE(malloc(TOO_MUCH) == NULL);
	}
	return NULL;
}

/* One block stays above all others: so none of their addresses are given up. */
static void *above(void)
{
	char *below = malloc(BELOW), *last = malloc(BELOW);

	free(below);
	return last;
}

int main(void)
{
	pthread_t threads[READERS + FREERS];
	void *last = above();

	for (uintptr_t i = 0; i < READERS + FREERS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, i < READERS ? reads : frees,
		                       (void *)(i + 1)) == 0);
	for (int i = READERS; i < READERS + FREERS; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&ends, true, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	free(last);
	return 0;
}
