/* Libraries with thread-local storage are loaded and unloaded, while threads use them.
 * loads: tls */
#include "plugins.h"
#include <pthread.h>

enum { ROUNDS = 300, THREADS = 4 };

static void *work(void *arg)
{
	int (*touch)(void) = (int (*)(void))(uintptr_t)arg;

	free(malloc(100));
	REQUIRE(touch() == 42);
	REQUIRE(touch() == 43);
	return malloc(100);
}

int main(void)
{
	const char *path = plugin_path("tls");
	size_t settled = 0;

	for (int round = 0; round < ROUNDS; round++) {
		void *library = dlopen(path, round % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_GLOBAL), *left;
		pthread_t threads[THREADS];
		int (*touch)(void);

		if (!library)
			fprintf(stderr, "%s\n", dlerror());
		REQUIRE(library);
		touch = (int (*)(void))dlsym(library, "touch_tls");
		REQUIRE(touch);
		REQUIRE(touch() == 42);
		for (int i = 0; i < THREADS; i++)
			REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)touch) ==
			        0);
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], &left);
			free(left);
		}
		REQUIRE(dlclose(library) == 0);
		if (round == ROUNDS / 4)
			settled = resident_bytes();
	}
	REQUIRE(resident_bytes() < settled + (1 << 20));
	return 0;
}
