/* Threads open and close C++ libraries of different kinds, which others have in use.
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * loads: c++ c++abi */
#include "plugins.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 300, CALLS = 20 };

static char paths[2][4096];

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		void *library = dlopen(paths[next_random(&random) % 2], RTLD_NOW);
		REQUIRE(library != NULL);
		int (*made)(int) = (int (*)(int))(uintptr_t)dlsym(library, "made");
		for (int k = 0; k < CALLS; k++)
			REQUIRE(made(k) == k);
		dlclose(library);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	strcpy(paths[0], plugin_path("c++"));
	strcpy(paths[1], plugin_path("c++abi"));
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
