/*
 * symbols.h - what code an address lies in: the file, the place in it, the function.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include "source.h"

#include <stdint.h>

struct symbols;

/* What is known of an address. The texts are fit to print, and stay until symbols_close. */
struct symbols_place {
	const char *path;     /* NULL: no file is mapped there */
	const char *name;     /* the path without its folders; NULL likewise */
	const char *function; /* NULL: not known */
	uint64_t offset;      /* as addr2line takes it; the address where no file is mapped */
};

/* Requires: the source stays open. */
struct symbols *symbols_open(struct source *source);

/* Files are opened as they are needed. The names of functions are those of the very file that is mapped, or none. */
struct symbols_place symbols_find(struct symbols *symbols, uint64_t address);

void symbols_close(struct symbols *symbols);

#endif
