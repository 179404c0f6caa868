/*
 * core.h - a core file as a source.
 */
#ifndef CORE_H
#define CORE_H

#include "source.h"

/* Returns: NULL with the error set. */
struct source *source_of_core(const char *path, struct tool_error *error);

/* The one argument of a tool to which something is done, a process or a core. Else the tool says so, and ends. */
const char *source_subject(int argc, char **argv, const char *done);

/* What a person names: a process by its number, a core by its path. Returns: NULL with the error set. */
struct source *source_of_subject(const char *subject, struct tool_error *error);

#endif
