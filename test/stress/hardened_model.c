/* Hardened mode: correct programs are never stopped. Random operations of every kind, from several threads,
 * with blocks that change hands; a block's bytes are those that were asked for, zero at first, and kept.
 * modes: HALLOC_HARDENED=1
 * timeout: 400 */
#include "test.h"
#include <malloc.h>
#include <pthread.h>

enum { THREADS = 4, BLOCKS = 300, STEPS = 60000 };

struct block {
	unsigned char *at;
	size_t size;
	unsigned char value;
};

static struct block shared[64];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static size_t draw_size(uint32_t *random)
{
	uint32_t kind = next_random(random) % 100;

	if (kind < 5)
		return 0;
	if (kind < 80)
		return next_random(random) % 600;
	return kind < 98 ? next_random(random) % 33000 : next_random(random) % 400000;
}

static void block_new(struct block *block, uint32_t *random)
{
	size_t size = draw_size(random);
	uint32_t kind = next_random(random) % 8;

	if (kind == 0)
		block->at = aligned_alloc((size_t)16 << next_random(random) % 10, size);
	else
		block->at = kind == 1 ? calloc(1, size) : malloc(size);
	REQUIRE(block->at != NULL);
	for (size_t i = 0; kind == 1 && i < size; i++)
		REQUIRE(block->at[i] == 0);
	block->size = size;
	block->value = (unsigned char)next_random(random);
	REQUIRE(malloc_usable_size(block->at) == size);
	memset(block->at, block->value, size);
}

static void block_check(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		REQUIRE(block->at[i] == block->value);
}

static void block_resize(struct block *block, uint32_t *random)
{
	size_t size = 1 + draw_size(random);

	block->at = realloc(block->at, size);
	REQUIRE(block->at != NULL);
	if (size < block->size)
		block->size = size;
	block_check(block);
	memset(block->at, block->value, size);
	block->size = size;
}

static void block_free(struct block *block)
{
	block_check(block);
	free(block->at);
	block->at = NULL;
}

static void *work(void *arg)
{
	uint32_t random = 77 + (uint32_t)(uintptr_t)arg;
	struct block blocks[BLOCKS] = {{0}};

	for (int step = 0; step < STEPS; step++) {
		struct block *block = &blocks[next_random(&random) % BLOCKS];
		uint32_t kind = next_random(&random) % 10;
		if (block->at == NULL)
			block_new(block, &random);
		else if (kind < 3)
			block_resize(block, &random);
		else if (kind < 5) {
			struct block *place = &shared[next_random(&random) % 64];
			pthread_mutex_lock(&mutex);
			struct block other = *place;
			*place = *block;
			*block = other;
			pthread_mutex_unlock(&mutex);
		} else
			block_free(block);
	}
	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i].at != NULL)
			block_free(&blocks[i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 64; i++)
		if (shared[i].at != NULL)
			block_free(&shared[i]);
	return 0;
}
