/* Threads share one heap: each gets cells of its own, and nothing is lost. */
#include "walked.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 5000, HELD = 20 };

static struct heap *heap;

static void *work(void *arg)
{
	unsigned owner = (unsigned)(uintptr_t)arg;
	char *cells[HELD] = {NULL};
	size_t sizes[HELD] = {0};
	uint32_t random = owner + 1;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned slot = next_random(&random) % HELD;

		if (cells[slot]) {
			REQUIRE(filled(cells[slot], sizes[slot], owner));
			REQUIRE(heap_free(heap, cells[slot]) == 0);
		}
		sizes[slot] = 1 + next_random(&random) % 500;
		cells[slot] = heap_alloc(heap, sizes[slot]);
		if (cells[slot])
			fill(cells[slot], sizes[slot], owner);
	}
	for (int slot = 0; slot < HELD; slot++)
		if (cells[slot])
			REQUIRE(heap_free(heap, cells[slot]) == 0);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	REQUIRE((heap = heap_create(20000, 0)));
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	REQUIRE(walk(heap)->count == 1);
	REQUIRE(walk(heap)->used == 0);
	heap_destroy(heap);
	return 0;
}
