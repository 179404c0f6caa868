/* Libraries with thread-local storage are loaded and unloaded, while threads use them.
 * loads: tls */
#include "test.h"
#include <dlfcn.h>
#include <pthread.h>

enum { ROUNDS = 300, THREADS = 4 };

static char path[4096];

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
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 50);
	size_t settled = 0;

	REQUIRE(length > 0);
	strcpy(strrchr(path, '/'), "/../lib/libtls.so");
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
