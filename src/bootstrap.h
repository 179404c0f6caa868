/*
 * bootstrap.h - memory for the calls that come before the heap stands, or while it is being built.
 *
 * A static buffer of 64 KiB, never given back. Every function may be called at any time, from any
 * thread, without locks.
 */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

#define BOOTSTRAP_BYTES ((size_t)65536)

/* What a pointer is to the buffer. */
enum bootstrap_state {
	BOOTSTRAP_FOREIGN, /* not in the buffer */
	BOOTSTRAP_INSIDE,  /* in the buffer, not the start of a cell */
	BOOTSTRAP_LIVE,
	BOOTSTRAP_DEAD,
};

/* Hands out zeroed memory, aligned to alignment (a power of two).
 * Returns: NULL when the buffer has no room left. */
void *bootstrap_new(size_t size, size_t alignment);

enum bootstrap_state bootstrap_state(const void *ptr);

/* Requires: bootstrap_state(ptr) is BOOTSTRAP_LIVE. */
size_t bootstrap_bytes(const void *ptr);

/* Returns: the bytes in live cells. */
size_t bootstrap_bytes_live(void);

/* Marks a live cell as dead; its memory is not used again.
 * Returns: false when another thread was faster. */
bool bootstrap_free(void *ptr);

#endif
