/* A plugin loaded with RTLD_DEEPBIND shares blocks with the program, as under plain libc.
 * loads: plugin */
#include "plugins.h"

int main(void)
{
	void *library = dlopen(plugin_path("plugin"), RTLD_NOW | RTLD_DEEPBIND);
	char *(*makes)(size_t);
	void (*frees)(void *);

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
