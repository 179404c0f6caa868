/* A plugin that is bound lazily, and opened by its name alone, writes beyond a block.
 * expect: bytes, by memcpy:
 * run: HALLOC_GUARD_COPIES=1 LD_LIBRARY_PATH=build/test/lib
 * loads: copier */
#include "test.h"
#include <dlfcn.h>

int main(void)
{
	void *library = dlopen("libcopier.so", RTLD_LAZY);
	void (*copies)(char *, const char *, size_t) = dlsym(library, "copier_copies");
	char *block = malloc(100), from[200] = "";

	copies(block, from, 100);
	crime(block);
	copies(block, from, 200);
	return 0;
}
