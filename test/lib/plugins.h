/* plugins.h - where the shared libraries of a test lie. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include "test.h"
#include <dlfcn.h>

/* Returns: the path of test/lib/NAME.c as built, until the next call. */
static inline const char *plugin_path(const char *name)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 50);

	REQUIRE(length > 0);
	path[length] = '\0';
	sprintf(strrchr(path, '/'), "/../lib/lib%s.so", name);
	return path;
}

#endif
