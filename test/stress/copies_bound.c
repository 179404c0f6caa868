/* A library that is bound lazily is opened while a thread of its constructor makes a first call, wherever the loader is in
 * binding that: calls are checked from when dlopen has returned, all the same.
 * run: HALLOC_GUARD_COPIES=1 HALLOC_ON_ERROR=report
 * loads: binder */
#include "binder.h"
#include "plugins.h"

enum { STEPS_BETWEEN = 17 };

/* Returns: whether the thread came so far. */
static bool open_at(unsigned step)
{
	char *block = strcpy(malloc(100), "text"), from[200] = "", text[20];

	sprintf(text, "%u", step);
	REQUIRE(setenv("BINDER_STEPS", text, 1) == 0);
	void *library = dlopen(plugin_path("binder"), RTLD_LAZY);
	REQUIRE(library != NULL);
	unsigned (*end)(void) = (unsigned (*)(void))(uintptr_t)dlsym(library, "binder_end");
	void (*copies)(char *, const char *, size_t) =
	        (void (*)(char *, const char *, size_t))(uintptr_t)dlsym(library, "binder_copies");
	unsigned steps = end();
	copies(block, from, 150);
	if (strcmp(block, "text") != 0) {
		printf("not checked, bound at instruction %u of %u\n", step, steps);
		exit(1);
	}
	dlclose(library);
	free(block);
	return steps > step;
}

int main(void)
{
#ifndef __x86_64__
	puts("threads step on x86-64 alone");
	return 77;
#endif
	for (unsigned step = 0; open_at(step); step += STEPS_BETWEEN)
		;
	return 0;
}
