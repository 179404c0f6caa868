/* While copies are watched, too, $ORIGIN in the path of a plugin is the directory of who opens it, not ours.
 * run: HALLOC_GUARD_COPIES=1
 * loads: plugin */
#include "test.h"
#include <dlfcn.h>

int main(void)
{
	void *plugin = dlopen("$ORIGIN/../lib/libplugin.so", RTLD_NOW);

	if (plugin == NULL)
		fprintf(stderr, "%s\n", dlerror());
	REQUIRE(plugin);
	char *(*makes)(size_t) = (char *(*)(size_t))dlsym(plugin, "plugin_makes");
	void (*frees)(void *) = (void (*)(void *))dlsym(plugin, "plugin_frees");
	REQUIRE(makes && frees);
	frees(makes(100));
	return 0;
}
