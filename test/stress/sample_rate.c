/* One allocation in N is sampled, whatever the pattern: it has exactly the bytes that were asked for.
 * modes: HALLOC_SAMPLE=200 */
#include "test.h"
#include <malloc.h>
#include <pthread.h>

enum { N = 200, ROUNDS = 200000, WIDE = 1000 };

static size_t sizes[WIDE];
static unsigned sampled;

static void *count(void *ptr, size_t size)
{
	REQUIRE(ptr != NULL);
	REQUIRE((uintptr_t)ptr % 16 == 0);
	memset(ptr, 0x5a, size);
	sampled += malloc_usable_size(ptr) == size;
	return ptr;
}

/* Sizes that no size class has. */
static size_t draw_size(uint32_t *random)
{
	return 1 + 16 * (next_random(random) % 60);
}

static void one_at_a_time(uint32_t *random)
{
	(void)random;
	for (int i = 0; i < ROUNDS; i++)
		free(count(malloc(100), 100));
}

static void many_at_a_time(uint32_t *random)
{
	static void *blocks[WIDE];

	(void)random;
	for (int i = 0; i < ROUNDS / WIDE; i++) {
		for (int k = 0; k < WIDE; k++)
			blocks[k] = count(malloc(40), 40);
		for (int k = 0; k < WIDE; k++)
			free(blocks[k]);
	}
}

static void at_random(uint32_t *random)
{
	void *blocks[WIDE] = {0};

	for (int i = 0; i < ROUNDS; i++) {
		int k = next_random(random) % WIDE;
		size_t size = draw_size(random);
		free(blocks[k]);
		blocks[k] = count(malloc(size), size);
	}
	for (int k = 0; k < WIDE; k++)
		free(blocks[k]);
}

static void by_other_names(uint32_t *random)
{
	for (int i = 0; i < ROUNDS / 2; i++) {
		size_t size = draw_size(random);
		unsigned char *block = calloc(1, size);
		for (size_t k = 0; k < size; k += 7)
			REQUIRE(block[k] == 0);
		free(count(block, size));
		free(count(memalign(64, 200), 200));
	}
}

static void large(uint32_t *random)
{
	(void)random;
	for (int i = 0; i < ROUNDS / 4; i++)
		free(count(malloc(50001), 50001));
}

static void try(const char *name, void (*pattern)(uint32_t *random), unsigned allocations)
{
	uint32_t random = 1;

	sampled = 0;
	pattern(&random);
	fprintf(stderr, "%s: %u of %u\n", name, sampled, allocations);
	REQUIRE(sampled > allocations / N * 7 / 10);
	REQUIRE(sampled < allocations / N * 13 / 10);
}

static void *all(void *arg)
{
	try("one at a time", one_at_a_time, ROUNDS);
	try("many at a time", many_at_a_time, ROUNDS);
	try("at random", at_random, ROUNDS);
	try("by other names", by_other_names, ROUNDS);
	try("large", large, ROUNDS / 4);
	return arg;
}

int main(void)
{
	pthread_t thread;

	all(NULL);
	pthread_create(&thread, NULL, all, NULL);
	pthread_join(thread, NULL);
	return 0;
}
