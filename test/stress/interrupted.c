/* Threads allocate and free, and pass blocks on, while signals rain on them, whose handlers allocate and free, too, and
 * while other threads empty their caches again and again: every block keeps what is in it, and belongs to one. So it is
 * for threads that come and go, which get their caches, and lose them, in the rain.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { WORKERS = 4, LIVE = 64, SECONDS = 3, SIZE_MOST = 400 };

static struct block {
	char *at;
	size_t size;
	unsigned owner;
} passed[16];

static pthread_mutex_t passing = PTHREAD_MUTEX_INITIALIZER;
static volatile bool ends;
static unsigned long handled, operations, trims, short_ones;
static __thread uint32_t handler_seed = 77;

static struct block block_new(uint32_t *seed, unsigned owner)
{
	struct block block = {.size = 1 + next_random(seed) % SIZE_MOST, .owner = owner};

	if (next_random(seed) % 4 == 0) {
		block.at = calloc(1, block.size);
		for (size_t i = 0; block.at != NULL && i < block.size; i++)
			REQUIRE(block.at[i] == 0);
	} else {
		block.at = malloc(block.size);
	}
	if (block.at != NULL)
		fill(block.at, block.size, owner);
	return block;
}

static void block_free(struct block *block)
{
	if (block->at == NULL)
		return;
	REQUIRE(filled(block->at, block->size, block->owner));
	free(block->at);
	block->at = NULL;
}

/* A handler that comes in the middle of a slow path is served by little memory, and may get none. */
static void handle(int number)
{
	int saved = errno;
	struct block blocks[3];

	(void)number;
	for (unsigned i = 0; i < 3; i++)
		blocks[i] = block_new(&handler_seed, 10000 + i);
	for (unsigned i = 0; i < 3; i++)
		block_free(&blocks[i]);
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
	errno = saved;
}

/* Puts a block where any other worker may take it. */
static void pass(struct block *block, uint32_t *seed)
{
	struct block *place = &passed[next_random(seed) % 16];

	pthread_mutex_lock(&passing);
	struct block other = *place;
	*place = *block;
	pthread_mutex_unlock(&passing);
	*block = other;
}

static void *work(void *arg)
{
	static __thread struct block blocks[LIVE];
	unsigned number = *(unsigned *)arg;
	uint32_t seed = number + 1;
	unsigned long done = 0;

	for (; !ends; done++) {
		struct block *block = &blocks[next_random(&seed) % LIVE];
		if (next_random(&seed) % 8 == 0)
			pass(block, &seed);
		block_free(block);
		*block = block_new(&seed, number * LIVE + (unsigned)(block - blocks));
		REQUIRE(block->at != NULL);
	}
	for (unsigned i = 0; i < LIVE; i++)
		block_free(&blocks[i]);
	__atomic_fetch_add(&operations, done, __ATOMIC_RELAXED);
	return NULL;
}

static void *empty(void *arg)
{
	while (!ends) {
		malloc_trim(0);
		__atomic_fetch_add(&trims, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static void *come_and_go(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	struct block blocks[8];

	for (unsigned i = 0; i < 8; i++)
		blocks[i] = block_new(&seed, i);
	for (unsigned i = 0; i < 8; i++)
		block_free(&blocks[i]);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	return NULL;
}

static void rain_on_short_ones(void)
{
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end; short_ones++) {
		bool done = false;
		pthread_t thread;
		REQUIRE(pthread_create(&thread, NULL, come_and_go, &done) == 0);
		for (unsigned after = 0; after < 3;
		     after += __atomic_load_n(&done, __ATOMIC_ACQUIRE))
			pthread_kill(thread, SIGUSR1);
		REQUIRE(pthread_join(thread, NULL) == 0);
	}
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
	unsigned numbers[WORKERS];
	pthread_t workers[WORKERS], emptier;

	if (!has_sequences()) {
		puts("no sequences here");
		return 77;
	}
	REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
	rain_on_short_ones();
	for (unsigned i = 0; i < WORKERS; i++) {
		numbers[i] = i;
		REQUIRE(pthread_create(&workers[i], NULL, work, &numbers[i]) == 0);
	}
	REQUIRE(pthread_create(&emptier, NULL, empty, NULL) == 0);
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end;)
		for (unsigned i = 0; i < WORKERS; i++)
			REQUIRE(pthread_kill(workers[i], SIGUSR1) == 0);
	ends = true;
	for (unsigned i = 0; i < WORKERS; i++)
		REQUIRE(pthread_join(workers[i], NULL) == 0);
	REQUIRE(pthread_join(emptier, NULL) == 0);
	for (unsigned i = 0; i < 16; i++)
		block_free(&passed[i]);
	fprintf(stderr, "%lu operations, %lu signals, %lu trims, %lu short ones\n", operations,
	        handled, trims, short_ones);
	REQUIRE(operations > 1000 && handled > 100 && trims > 10 && short_ones > 10);
	return 0;
}
