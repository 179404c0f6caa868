/* A second C library in a namespace of its own has its own malloc, in the same process: neither heap gets
 * in the way of the other.
 * loads: plugin tls */
#include "plugins.h"
#include <pthread.h>

enum { ROUNDS = 12 };

static char *(*makes)(size_t);
static void (*frees)(void *);
static int (*touch)(void);

static void *open_library(Lmid_t namespace, const char *name, Lmid_t *given)
{
	void *opened = dlmopen(namespace, plugin_path(name), RTLD_NOW);

	if (!opened)
		fprintf(stderr, "%s\n", dlerror());
	REQUIRE(opened);
	REQUIRE(dlinfo(opened, RTLD_DI_LMID, given) == 0);
	return opened;
}

static void *work(void *arg)
{
	for (size_t size = 1; size < 1000000; size *= 3) {
		char *theirs = makes(size), *ours = malloc(size);
		REQUIRE(ours);
		memset(ours, 'o', size);
		for (size_t i = 0; i < size; i += size / 7 + 1)
			REQUIRE(theirs[i] == 'p');
		frees(theirs);
		REQUIRE(ours[0] == 'o' && ours[size - 1] == 'o');
		free(ours);
	}
	REQUIRE(touch() == 42);
	return arg;
}

int main(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		Lmid_t namespace = LM_ID_NEWLM, same;
		void *plugin = open_library(namespace, "plugin", &namespace);
		void *tls = open_library(namespace, "tls", &same);
		pthread_t threads[3];

		REQUIRE(namespace != LM_ID_BASE);
		REQUIRE(namespace == same);
		makes = (char *(*)(size_t))(uintptr_t)dlsym(plugin, "plugin_makes");
		frees = (void (*)(void *))(uintptr_t)dlsym(plugin, "plugin_frees");
		touch = (int (*)(void))(uintptr_t)dlsym(tls, "touch_tls");
		REQUIRE(makes && frees && touch);
		/* glibc up to 2.36 at least does not expect several threads at once in the first malloc of a second
		 * library: each may make its main arena anew. */
		frees(makes(1));
		for (int i = 0; i < 3; i++)
			REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
		work(NULL);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		REQUIRE(dlclose(tls) == 0);
		REQUIRE(dlclose(plugin) == 0);
	}
	return 0;
}
