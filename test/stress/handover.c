/* Threads hand blocks to one another at random; each block carries its owner's pattern. */
#include "test.h"
#include <malloc.h>
#include <pthread.h>

enum { THREADS = 8, SHELF = 512, ROUNDS = 150000 };

struct block {
	size_t size;
	unsigned owner;
	unsigned char bytes[];
};

static struct block *shelf[SHELF];

static struct block *make(unsigned owner, uint32_t *random)
{
	uint32_t dice = next_random(random);
	size_t size = dice % 1000 == 0 ? 100000 + dice % 1000000
	              : dice % 50 == 0 ? dice % 20000
	                               : dice % 300;
	size_t whole = size + sizeof(struct block);
	struct block *block;

	switch (dice >> 16 & 3) {
	case 0:
		block = calloc(1, whole);
		for (size_t i = 0; i < size; i += 97)
			REQUIRE(block->bytes[i] == 0);
		break;
	case 1:
		block = memalign(64, whole);
		break;
	default:
		block = malloc(whole);
	}
	REQUIRE(block);
	block->size = size;
	block->owner = owner;
	fill(block->bytes, size < 2000 ? size : 2000, owner);
	return block;
}

static void destroy(struct block *block, uint32_t *random)
{
	size_t known = block->size < 2000 ? block->size : 2000;

	REQUIRE(filled(block->bytes, known, block->owner));
	if (next_random(random) % 8 == 0) {
		size_t size = next_random(random) % 4000;
		block = realloc(block, sizeof *block + size);
		REQUIRE(filled(block->bytes, known < size ? known : size, block->owner));
	}
	free(block);
}

static void *work(void *arg)
{
	unsigned owner = (unsigned)(uintptr_t)arg;
	uint32_t random = owner * 7919 + 1;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned place = next_random(&random) % SHELF;
		struct block *taken;

		taken = __atomic_exchange_n(&shelf[place], make(owner, &random), __ATOMIC_ACQ_REL);
		if (taken)
			destroy(taken, &random);
	}
	return NULL;
}

int main(void)
{
	uint32_t random = 99;

	/* twice: the second generation takes over the arenas of the first */
	for (int generation = 0; generation < 2; generation++) {
		pthread_t threads[THREADS];
		for (uintptr_t i = 0; i < THREADS; i++)
			REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < SHELF; i++)
		if (shelf[i])
			destroy(shelf[i], &random);
	return 0;
}
