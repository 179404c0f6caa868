/* malloc and free are no cancellation points: a thread with a cancellation pending allocates all it likes,
 * also where the library itself looks at files or writes a line, and no lock is left behind.
 * run: HALLOC_PRESSURE=on HALLOC_LIMIT=100M
 * timeout: 30 */
#include "test.h"
#include <pthread.h>
#include <time.h>

enum { THREADS = 6, WORK_MS = 250 };

static unsigned finished;

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	long end = milliseconds() + WORK_MS;
	static __thread char *held[100];

	REQUIRE(pthread_cancel(pthread_self()) == 0); /* pending from here on */
	while (milliseconds() < end) {
		for (int i = 0; i < 200; i++) {
			unsigned slot = next_random(&random) % 100;
			free(held[slot]);
			held[slot] = malloc(next_random(&random) % 20 ? next_random(&random) % 4000
			                                              : 500000);
		}
		if (next_random(&random) % 100 ==
		    0) { /* past the limit: there is something to say */
			char *large = malloc(200 << 20);
			free(large);
		}
	}
	for (int i = 0; i < 100; i++)
		free(held[i]);
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELAXED);
	for (;;)
		pthread_testcancel();
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	void *left;

	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], &left);
			REQUIRE(left == PTHREAD_CANCELED);
		}
		for (size_t size = 1; size < 10000000; size *= 3)
			free(malloc(size));
	}
	REQUIRE(finished == 3 * THREADS);
	return 0;
}
