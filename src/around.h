/*
 * around.h - the block that an address lies in, wherever in it.
 */
#ifndef AROUND_H
#define AROUND_H

#include "pagemap.h"

#include <stdbool.h>
#include <stddef.h>

enum around_state {
	AROUND_LIVE,
	AROUND_FREED,
	AROUND_NOTHING, /* of the heap, but no block, and none that is known to have been there */
};

struct around {
	uintptr_t start; /* of the block; AROUND_NOTHING: what was asked for, and 0 bytes */
	size_t bytes;    /* what was asked for, where that is known; else all that the block has */
	enum around_state state;
};

/* Finds it, without a lock: so it may be called from a signal handler, too. The answer is right for a block that
 * is live, as long as it is. Requires: around_is_heap. Returns: false when the heap knows nothing of it. */
bool around_find(const void *ptr, struct around *around);

/* How many bytes from ptr on belong to the live block around it; SIZE_MAX: the heap knows nothing of it. */
size_t around_room(const void *ptr);

/* Whether ptr lies in Page A of the process: all others are nobody's business. */
static inline bool around_is_heap(const void *ptr)
{
	return pagemap_find(ptr) != NULL;
}

#endif
