/*
 * functions.h - the functions of an ELF file, by address.
 */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "source.h"

#include <stddef.h>
#include <stdint.h>

struct function {
	uint64_t start;
	uint64_t bytes;
	const char *name; /* fit to print */
	unsigned rank;    /* of several names, which one */
};

_Static_assert(offsetof(struct function, start) == 0, "as tool_count_up_to has it");

/* All zero at first. */
struct functions {
	struct function *all;
	size_t count;
	char *names[2]; /* of the tables of symbols */
};

/* Reads those of a file, which is open as a core is; and where it was stripped, those of the file for debuggers with the
 * same build id, if it is installed. */
void functions_read(struct functions *functions, const struct source *file);

/* The name of the function that holds an address, as the file has it. Returns: NULL where none is known. */
const char *functions_find(const struct functions *functions, uint64_t address);

void functions_free(struct functions *functions);

/* Opens a file to be read as a core is. Returns: whether there is one; then file->fd is to be closed. */
bool functions_open(struct source *file, const char *path);

#endif
