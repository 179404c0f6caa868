/*
 * core.h - a core file as a source.
 */
#ifndef CORE_H
#define CORE_H

#include "source.h"

/* Returns: NULL with the error set. */
struct source *source_of_core(const char *path, struct tool_error *error);

#endif
