/*
 * resize.h - blocks that are made larger or smaller, and freed by the size they are said to have.
 */
#ifndef RESIZE_H
#define RESIZE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the block at ptr hold size bytes, in place or by moving it.
 * Requires: ptr is not NULL, size is not 0. Returns: NULL with the old block as it was, never where it is to be smaller. */
void *resize_block(void *ptr, size_t size);

/* What comes of a block of so many bytes when there is no room for another: it stays, where it has them; else NULL. */
void *resize_stay(void *ptr, size_t bytes, size_t size);

/* Frees the block that starts at ptr, if it may have been asked for with that size and alignment, a power
 * of two; else misuse is reported under name. Requires: ptr is not NULL. */
void resize_free_sized(void *ptr, size_t size, size_t alignment, const char *name);

/* Whether realloc leaves a block of so many bytes where it is: at least half full. */
static inline bool resize_stays(size_t bytes, size_t size)
{
	return size <= bytes && size >= bytes / 2;
}

#endif
