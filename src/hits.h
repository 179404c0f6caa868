/*
 * hits.h - malloc and free that hit: a slot from a magazine of the thread, and back into it.
 *
 * What does not hit is left to the room below. None of these changes errno when it succeeds.
 */
#ifndef HITS_H
#define HITS_H

#include "report.h"
#include "sizeclass.h"

#include <stddef.h>

/* Takes a slot of a class that the thread has at hand, and makes it LIVE: twice is twice the class.
 * Returns: its start; or what miss returns for the size, when there is none, or the thread has slept.
 * Requires: size <= SIZECLASS_BYTES_MAX. */
void *hits_take(size_t size, size_t twice, void *(*miss)(size_t size));

/* As hits_take, for calloc, which misses to alloc_new_zeroed. */
struct hits_taken {
	void *ptr;
	size_t state; /* it was: SLOT_FRESH when it reads as zero */
};
struct hits_taken hits_take_any(size_t size, size_t twice);

/* As alloc_free. */
void hits_free(void *ptr);

/* As resize_block. */
void *hits_resize(void *ptr, size_t size);

/* As alloc_new_aligned. */
void *hits_new_aligned(size_t size, size_t alignment);

/* At least size bytes, aligned to 16: what is at hand, or what miss returns. */
static inline void *hits_new(size_t size, void *(*miss)(size_t size))
{
	if (unlikely(size > SIZECLASS_BYTES_MAX))
		return miss(size);
	return hits_take(size, sizeclass_twice_of(size), miss);
}

#endif
