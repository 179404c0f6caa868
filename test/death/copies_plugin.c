/* A plugin that is opened later writes beyond a block of the program.
 * expect: bytes, by memcpy:
 * run: HALLOC_GUARD_COPIES=1
 * loads: copier */
#include "plugins.h"
#include "test.h"

int main(void)
{
	void *library = dlopen(plugin_path("copier"), RTLD_NOW);
	void (*copies)(char *, const char *, size_t) = dlsym(library, "copier_copies");
	char *block = malloc(100), from[200] = "";

	crime(block);
	copies(block, from, 200);
	return 0;
}
