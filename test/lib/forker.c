/* forker - registers handlers for fork in a constructor that runs before the library's: with the C library itself, so that
 * they are there before ours, and as any other does. */
#include "forker.h"
#include "test.h"
#include <dlfcn.h>

void (*forker_call_within)(enum forker_place place);
void (*forker_call)(enum forker_place place);

#define HANDLER(name, function, place)     \
	static void name(void)             \
	{                                  \
		if (function != NULL)      \
			(function)(place); \
	}
HANDLER(before_within, forker_call_within, FORKER_BEFORE)
HANDLER(parent_within, forker_call_within, FORKER_PARENT)
HANDLER(child_within, forker_call_within, FORKER_CHILD)
HANDLER(before, forker_call, FORKER_BEFORE)
HANDLER(parent, forker_call, FORKER_PARENT)
HANDLER(child, forker_call, FORKER_CHILD)

__attribute__((constructor)) static void start(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	REQUIRE(libc != NULL);
	int (*registers)(void (*)(void), void (*)(void), void (*)(void), void *) =
	        (int (*)(void (*)(void), void (*)(void), void (*)(void), void *))(uintptr_t)dlsym(
	                libc, "__register_atfork");

	REQUIRE(registers != NULL);
	REQUIRE(registers(before_within, parent_within, child_within, NULL) == 0);
	REQUIRE(pthread_atfork(before, parent, child) == 0);
}
