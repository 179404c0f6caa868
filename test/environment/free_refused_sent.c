/* free leaves errno alone, where the system has no memory left for sending home what is of other arenas, too.
 * run: HALLOC_ARENAS=8
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=1000 */
#include "test.h"
#include <pthread.h>
#include <sys/resource.h>

enum { SIZES = 40, BLOCKS = 2000, MAKERS = 8 };

static void *blocks[SIZES][BLOCKS];
static pthread_barrier_t made, freed;

/* Each makes a part of them, and stays until they are freed, with its arena. */
static void *make(void *arg)
{
	for (size_t size = 0; size < SIZES; size++)
		for (uintptr_t i = (uintptr_t)arg; i < BLOCKS; i += MAKERS)
			REQUIRE((blocks[size][i] = malloc(16 * size + 1)));
	pthread_barrier_wait(&made);
	pthread_barrier_wait(&freed);
	return NULL;
}

static void free_all(void)
{
	for (int size = 0; size < SIZES; size++)
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[size][i]);
}

int main(void)
{
	const struct rlimit none = {0, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
	pthread_t threads[MAKERS];

	free(malloc(1));
	REQUIRE(pthread_barrier_init(&made, NULL, MAKERS + 1) == 0);
	REQUIRE(pthread_barrier_init(&freed, NULL, MAKERS + 1) == 0);
	for (uintptr_t i = 0; i < MAKERS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, make, (void *)i) == 0);
	pthread_barrier_wait(&made);
	REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
	errno = 33;
	free_all();
	int after = errno;
	REQUIRE(setrlimit(RLIMIT_AS, &any) == 0);
	errno = after;
	REQUIRE(errno == 33);
	pthread_barrier_wait(&freed);
	for (int i = 0; i < MAKERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
