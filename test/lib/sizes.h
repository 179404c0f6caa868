/* sizes.h - blocks of all sizes, small, medium and large, with the functions of the C library or those of a room. */
#ifndef SIZES_H
#define SIZES_H

#include "test.h"

/* Makes a block of each size up to 3 MB, has it grow, and frees it. */
static inline void allocate_sizes(void *(*make)(size_t), void *(*resize)(void *, size_t),
                                  void (*give)(void *))
{
	for (size_t size = 0; size < 3000000; size = size * 2 + 1) {
		char *block = make(size);
		REQUIRE(block);
		block = resize(block, size + 100);
		REQUIRE(block);
		give(block);
	}
}

#endif
