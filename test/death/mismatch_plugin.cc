/* A plugin makes by new what the program frees by free.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * loads: maker */
#include "plugins.h"
#include "test.h"
#include <new>

int main()
{
	void *library = dlopen(plugin_path("maker"), RTLD_NOW);
	int *(*makes)() = (int *(*)())dlsym(library, "maker_makes");
	int *block = makes();

	crime(block);
	free(block);
	return 0;
}
