/*
 * hardened.h - small and large blocks under HALLOC_HARDENED=1.
 *
 * Every call comes here: threads keep no slots, and the page map shows no reciprocal for the slabs, so both
 * fast paths end in their slow ones. A block has exactly the bytes that were asked for.
 */
#ifndef HARDENED_H
#define HARDENED_H

#include <stdbool.h>
#include <stddef.h>

extern bool hardened_on;

/* After the slabs. Returns: false without memory. */
bool hardened_boot(void);

/* A block of size bytes, all zero; size 0: one that cannot be read or written.
 * Returns: NULL with ENOMEM. */
void *hardened_new(size_t size, size_t alignment);

/* Frees the live block that starts at ptr; what was written beyond it, or beyond a neighbour, is reported.
 * Returns: false when no live block starts there: nothing has changed. */
bool hardened_free(void *ptr);

/* Whether a live block starts at ptr, and its bytes. */
bool hardened_find(const void *ptr, size_t *size);

/* Makes a block hold size bytes where it is. Requires: it is live. Returns: false when it must move. */
bool hardened_resize(void *ptr, size_t size);

#endif
