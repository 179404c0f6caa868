/*
 * notes.h - the notes of an ELF file, one after the other.
 */
#ifndef NOTES_H
#define NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to go through. */
struct notes {
	const char *at;
	size_t bytes;
};

struct note {
	uint32_t type;
	size_t name_bytes; /* with the zero that ends it, where there is one */
	const char *name;
	size_t bytes;
	const char *body;
};

/* Takes the next note, which lies where the notes do. Returns: false when no whole one is left. */
bool notes_next(struct notes *notes, struct note *note);

#endif
