/* Destructors of keys, older and newer than any allocation, allocate and free in every round of them. */
#include "test.h"
#include <limits.h>
#include <pthread.h>

enum { THREADS = 3000, SETTLED = 500 };

struct load {
	int round;
	char *blocks[20];
};

static pthread_key_t older, newer;
static int destroyed;

static void destroy(struct load *load, pthread_key_t key)
{
	for (unsigned i = 0; i < 20; i++) {
		REQUIRE(filled(load->blocks[i], 10 + i * 30, i));
		free(load->blocks[i]);
		load->blocks[i] = malloc(10 + i * 30);
		fill(load->blocks[i], 10 + i * 30, i);
	}
	free(realloc(malloc(300000), 10));
	if (++load->round < PTHREAD_DESTRUCTOR_ITERATIONS) {
		pthread_setspecific(key, load); /* once more, after everyone else's turn */
		return;
	}
	for (int i = 0; i < 20; i++)
		free(load->blocks[i]);
	free(load);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void destroy_older(void *load)
{
	destroy(load, older);
}

static void destroy_newer(void *load)
{
	destroy(load, newer);
}

__attribute__((constructor)) static void make_older(void)
{
	REQUIRE(pthread_key_create(&older, destroy_older) == 0);
}

static struct load *make(void)
{
	struct load *load = calloc(1, sizeof *load);

	for (unsigned i = 0; i < 20; i++)
		fill(load->blocks[i] = malloc(10 + i * 30), 10 + i * 30, i);
	return load;
}

static void *work(void *arg)
{
	pthread_setspecific(older, make());
	pthread_setspecific(newer, make());
	return arg;
}

int main(void)
{
	size_t settled = 0, last;

	free(malloc(1));
	REQUIRE(pthread_key_create(&newer, destroy_newer) == 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;
		REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		if (i == SETTLED)
			settled = resident_bytes();
	}
	REQUIRE(destroyed == 2 * THREADS);
	last = resident_bytes();
	fprintf(stderr, "resident KB: %zu, then %zu\n", settled >> 10, last >> 10);
	REQUIRE(last < settled + (512 << 10));
	return 0;
}
