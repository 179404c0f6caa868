/* A plugin loaded with RTLD_DEEPBIND shares blocks with the program, as under plain libc.
 * loads: plugin */
#include "test.h"
#include <dlfcn.h>

int main(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 50);
	char *(*makes)(size_t);
	void (*frees)(void *);
	void *library;

	REQUIRE(length > 0);
	strcpy(strrchr(path, '/'), "/../lib/libplugin.so");
	library = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
	REQUIRE(library);
	makes = (char *(*)(size_t))dlsym(library, "plugin_makes");
	frees = (void (*)(void *))dlsym(library, "plugin_frees");
	for (size_t size = 1; size < 1000000; size *= 3) {
		char *block = makes(size);
		REQUIRE(block[size - 1] == 'p');
		free(realloc(block, size * 2));
		frees(malloc(size));
	}
	return 0;
}
