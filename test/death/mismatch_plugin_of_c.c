/* A C program opens a plugin that is written in C++, and frees by free what that made by new.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * loads: maker */
#include "plugins.h"

int main(void)
{
	void *library = dlopen(plugin_path("maker"), RTLD_NOW);
	int *(*makes)(void) = dlsym(library, "maker_makes");
	int *block = makes();

	crime(block);
	free(block);
	return 0;
}
