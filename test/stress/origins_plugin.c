/* A C program opens a plugin in C++ whose constructors make objects before anybody can watch.
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 HALLOC_GUARD_COPIES=1
 * loads: maker */
#include "plugins.h"

int main(void)
{
	free(malloc(10));
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(plugin_path("maker"), i == 0 ? RTLD_LAZY : RTLD_NOW);
		REQUIRE(library != NULL);
		void (*ends)(void) = (void (*)(void))(uintptr_t)dlsym(library, "maker_ends");
		int *(*makes)(void) = (int *(*)(void))(uintptr_t)dlsym(library, "maker_makes");
		REQUIRE(*makes() == 42);
		ends();
		dlclose(library);
	}
	return 0;
}
