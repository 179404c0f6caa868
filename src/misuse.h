/*
 * misuse.h - reports of crimes against the heap: one line on stderr each, then abort, unless
 * HALLOC_ON_ERROR=report. No allocation, no stdio.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include "backtrace.h"

#include <stdbool.h>
#include <stddef.h>

/* name was called for a ptr that starts no live block; was_freed: the caller knows that it once did. */
void misuse_report(const char *name, const void *ptr, bool was_freed);

/* name was called for a live block with a size or an alignment that it does not have. */
void misuse_mismatch(const char *name, const void *ptr, const char *wrong, size_t value);

/* A byte, at an offset from the start of a block, was read or written that nobody was to touch. */
void misuse_access(const char *sort, const void *block, size_t size, ptrdiff_t at,
                   const char *verb);

/* A function that was told to read or write more than there is, or what is no block any more. */
struct misuse_copy {
	const char *function;
	const void *at;
	size_t bytes;
	const void *block; /* that at lies in */
	size_t size;       /* of it; as far as may be written or read */
	bool writes;
	bool live;
	bool freed;
};
void misuse_copy(const struct misuse_copy *copy);

/* name was called for a live block that something else made, which asks for another call. */
void misuse_origin(const char *name, const void *ptr, const char *maker);

/* When set, fills in who allocated, and who freed, what lies at ptr, as far as it is known. */
extern void (*misuse_history)(const void *ptr, struct backtrace *taken, struct backtrace *freed);

#endif
