/* One thread allocates, another frees: memory stays bounded, for one pair and for a chain. */
#include "test.h"
#include <pthread.h>

enum { RING = 1024, ITEMS = 1000000, PAIRS = 2 };

struct ring {
	void *slots[RING];
	unsigned long written, read;
};

static struct ring rings[PAIRS];

static void *produce(void *arg)
{
	struct ring *ring = arg;
	uint32_t random = 5;

	for (unsigned long i = 0; i < ITEMS; i++) {
		size_t size = 16 + next_random(&random) % 500;
		char *block = malloc(size);

		REQUIRE(block);
		block[0] = block[size - 1] = (char)i;
		while (i - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) == RING)
			sched_yield();
		ring->slots[i % RING] = block;
		__atomic_store_n(&ring->written, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct ring *ring = arg;

	for (unsigned long i = 0; i < ITEMS; i++) {
		while (__atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) == i)
			sched_yield();
		REQUIRE(*(char *)ring->slots[i % RING] == (char)i);
		free(ring->slots[i % RING]);
		__atomic_store_n(&ring->read, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[PAIRS * 2];
	size_t before = resident_bytes(), after;

	for (int i = 0; i < PAIRS; i++) {
		REQUIRE(pthread_create(&threads[i * 2], NULL, produce, &rings[i]) == 0);
		REQUIRE(pthread_create(&threads[i * 2 + 1], NULL, consume, &rings[i]) == 0);
	}
	for (int i = 0; i < PAIRS * 2; i++)
		pthread_join(threads[i], NULL);
	after = resident_bytes();
	fprintf(stderr, "resident KB: %zu, then %zu\n", before >> 10, after >> 10);
	REQUIRE(after < before + (24 << 20)); /* 266 MB went through each ring */
	return 0;
}
