/* A library that the program finds by its own RUNPATH is found through our dlopen as well: the loader sees the
 * program ask, not us.
 * loads: plugin */
#include "test.h"
#include <dlfcn.h>

int main(void)
{
	void *plugin = dlopen("libplugin.so", RTLD_NOW);

	if (plugin == NULL)
		fprintf(stderr, "%s\n", dlerror());
	return plugin == NULL;
}
