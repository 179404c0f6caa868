/* A library whose addresses are being filled in by one thread is left alone by another that opens one; then they
 * are all changed.
 * run: HALLOC_GUARD_COPIES=1 HALLOC_ON_ERROR=report
 * loads: copier copiers */
#include "plugins.h"
#include <pthread.h>

static bool ends;
static char copier[4096], copiers[4096];

typedef void *copies(void *, const void *, size_t);

static void *opens(void *arg)
{
	while (!__atomic_load_n(&ends, __ATOMIC_RELAXED)) {
		void *library = dlopen(copier, RTLD_LAZY);
		REQUIRE(library != NULL);
		dlclose(library);
	}
	return arg;
}

int main(void)
{
	char *block = strcpy(malloc(100), "text"), from[200] = "";
	pthread_t thread;

	strcpy(copier, plugin_path("copier"));
	strcpy(copiers, plugin_path("copiers"));
	REQUIRE(pthread_create(&thread, NULL, opens, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		void *library = dlopen(copiers, RTLD_LAZY);
		REQUIRE(library != NULL);
		copies *(*at)(size_t) =
		        (copies * (*)(size_t))(uintptr_t)dlsym(library, "copiers_at");
		for (size_t k = 0; k < 100000; k += 9999)
			at(k)(block, from, 150);
		REQUIRE(strcmp(block, "text") == 0); /* all of them were stopped */
		dlclose(library);
	}
	__atomic_store_n(&ends, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	free(block);
	return 0;
}
