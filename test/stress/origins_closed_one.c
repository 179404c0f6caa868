/* A C++ library is closed while another is in use.
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * loads: c++ c++abi */
#include "plugins.h"

static void *opened(const char *name, int (**made)(int))
{
	void *library = dlopen(plugin_path(name), RTLD_NOW);

	REQUIRE(library != NULL);
	*made = (int (*)(int))(uintptr_t)dlsym(library, "made");
	REQUIRE((*made)(42) == 42);
	return library;
}

int main(void)
{
	int (*first)(int), (*second)(int);

	for (int i = 0; i < 3; i++) {
		void *one = opened("c++", &first), *other = opened("c++abi", &second);
		dlclose(one);
		REQUIRE(second(43) == 43);
		one = opened("c++", &first);
		dlclose(other);
		REQUIRE(first(44) == 44);
		dlclose(one);
	}
	return 0;
}
