/* own_malloc.h - what a program's own malloc and free make of calloc and realloc: the size of a block stands 16 bytes before
 * it. */
#ifndef OWN_MALLOC_H
#define OWN_MALLOC_H

#include "test.h"

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* never reused: zero */
}

void *realloc(void *block, size_t size)
{
	char *moved = malloc(size);
	size_t old = block ? ((size_t *)block)[-2] : 0;

	free(block);
	return moved && old ? memcpy(moved, block, old < size ? old : size) : moved;
}

#endif
