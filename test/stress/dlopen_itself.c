/* The library may be opened by name: while preloaded it is the one there is; in a plain program it
 * loads after the fact, and the program's own malloc stays as it was. */
#include "test.h"
#include <dlfcn.h>
#include <malloc.h>
#include <sys/wait.h>

/* Opens path a few times; its malloc must work, and blocks must stay with whoever made them. */
static void open_it(const char *path)
{
	char *before = malloc(1000), *during;
	void *(*its_malloc)(size_t);
	void (*its_free)(void *);

	fill(before, 1000, 1);
	for (int i = 0; i < 5; i++) {
		void *library = dlopen(path, RTLD_NOW | (i % 2 ? RTLD_GLOBAL : RTLD_LOCAL));
		if (!library)
			fprintf(stderr, "%s\n", dlerror());
		REQUIRE(library);
		its_malloc = (void *(*)(size_t))dlsym(library, "malloc");
		its_free = (void (*)(void *))dlsym(library, "free");
		REQUIRE(its_malloc && its_free);
		during = its_malloc(2000);
		fill(during, 2000, 2);
		REQUIRE(filled(during, 2000, 2));
		its_free(during);
		during = malloc(3000);
		REQUIRE(dlclose(library) == 0);
		free(during);
	}
	REQUIRE(filled(before, 1000, 1));
	free(before);
	for (size_t size = 1; size < 1000000; size *= 2)
		free(malloc(size));
}

int main(int count, char **arguments)
{
	char *path = getenv("TEST_LIB");
	int status;

	if (!path || !*path) /* tests of the tests have no library */
		return 0;
	open_it(path);
	if (count > 1)
		return 0;
	if (fork() == 0) {
		unsetenv("LD_PRELOAD");
		execl("/proc/self/exe", arguments[0], "plain", (char *)NULL);
		_exit(1);
	}
	REQUIRE(wait(&status) > 0 && status == 0);
	return 0;
}
