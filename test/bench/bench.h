/* bench.h - what the programs of the benchmark share: each does the same work, from the same seed,
 * every time it runs. */
#ifndef BENCH_H
#define BENCH_H

#include "test.h"
#include <pthread.h>

enum { threads_max = 64 };

/* Returns: a size as programs ask for them: half of them below 32 bytes, a quarter below 64, and so
 * on; none above 16 KiB. */
static inline size_t random_size(uint32_t *state)
{
	unsigned doublings = (unsigned)__builtin_ctz(next_random(state) | 1U << 9);
	return 1 + next_random(state) % (32U << doublings);
}

/* Writes to the first and the last byte, and to each OS page between. Returns: block. */
static inline char *touch(void *block, size_t size)
{
	char *bytes = block;

	REQUIRE(bytes);
	for (size_t at = 0; at < size; at += 4096)
		bytes[at] = (char)at;
	bytes[size - 1] = 1;
	return bytes;
}

static inline char *allocate(size_t size)
{
	return touch(malloc(size), size);
}

/* Puts the blocks into an order without order. */
static inline void shuffle(char **blocks, size_t count, uint32_t *state)
{
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = next_random(state) % (i + 1);
		char *held = blocks[i];
		blocks[i] = blocks[other];
		blocks[other] = held;
	}
}

/* Runs work in count threads, each given its number from 1 on, and waits for them. */
static inline void run_threads(unsigned count, void *(*work)(void *))
{
	pthread_t threads[threads_max];

	REQUIRE(count <= threads_max);
	for (unsigned i = 0; i < count; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(i + 1)));
	for (unsigned i = 0; i < count; i++)
		REQUIRE(!pthread_join(threads[i], NULL));
}

#endif
