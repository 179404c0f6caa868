/* A program with a memcpy of its own keeps it, and so does what it opens; its other calls are checked.
 * run: HALLOC_GUARD_COPIES=1 HALLOC_ON_ERROR=report
 * loads: copier */
#include "plugins.h"

static unsigned calls;

__attribute__((visibility("default"))) void *memcpy(void *restrict to, const void *restrict from,
                                                    size_t bytes)
{
	calls++;
	return memmove(to, from, bytes);
}

static void plugin(int flags)
{
	void *library = dlopen(plugin_path("copier"), flags);
	char block[100], from[100] = "text";
	unsigned before;

	REQUIRE(library != NULL);
	void (*copies)(char *, const char *, size_t) =
	        (void (*)(char *, const char *, size_t))(uintptr_t)dlsym(library, "copier_copies");
	before = calls;
	copies(block, from, 100);
	copies(block, from, 100);
	REQUIRE(calls == before + 2);
	REQUIRE(strcmp(block, "text") == 0);
	dlclose(library);
}

int main(void)
{
	char *block = strcpy(malloc(100), "text");

	plugin(RTLD_LAZY);
	plugin(RTLD_NOW);
	/* In report mode what goes too far is not done. */
	memset(block, 'x', 200);
	REQUIRE(strcmp(block, "text") == 0);
	free(block);
	return 0;
}
