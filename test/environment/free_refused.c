/* free leaves errno alone, where the system has no memory left for what a thread is to have at hand, too.
 * run: HALLOC_ARENAS=1
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=1000 */
#include "test.h"
#include <pthread.h>
#include <sys/resource.h>

enum { SIZES = 40, BLOCKS = 2000 };

static void *blocks[SIZES][BLOCKS];

/* What this thread has at hand grows by what it frees alone. */
static void *free_all(void *arg)
{
	const struct rlimit none = {0, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};

	free(malloc(1));
	REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
	errno = 33;
	for (int size = 0; size < SIZES; size++)
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[size][i]);
	int after = errno;
	REQUIRE(setrlimit(RLIMIT_AS, &any) == 0);
	errno = after;
	REQUIRE(errno == 33);
	return arg;
}

int main(void)
{
	pthread_t thread;

	for (size_t size = 0; size < SIZES; size++)
		for (int i = 0; i < BLOCKS; i++)
			REQUIRE((blocks[size][i] = malloc(16 * size + 1)));
	REQUIRE(pthread_create(&thread, NULL, free_all, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	return 0;
}
