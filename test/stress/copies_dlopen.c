/* Threads open and close libraries, whose calls are changed while others are being loaded.
 * run: HALLOC_GUARD_COPIES=1 HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * loads: copier plugin tls maker */
#include "plugins.h"
#include <pthread.h>

static char paths[4][4096];

static void *work(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < 500; i++) {
		unsigned which = next_random(&seed) % 4;
		void *library = dlopen(paths[which], i % 2 == 0 ? RTLD_NOW : RTLD_LAZY);
		REQUIRE(library != NULL);
		if (which == 0) {
			void (*copies)(char *, const char *, size_t) =
			        (void (*)(char *, const char *, size_t))(uintptr_t)dlsym(
			                library, "copier_copies");
			char *block = malloc(100), from[100] = "text";
			copies(block, from, 100);
			REQUIRE(strcmp(block, "text") == 0);
			free(block);
		}
		dlclose(library);
	}
	return NULL;
}

int main(void)
{
	static const char *const names[] = {"copier", "plugin", "tls", "maker"};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		strcpy(paths[i], plugin_path(names[i]));
	for (uintptr_t i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
