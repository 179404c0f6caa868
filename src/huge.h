/*
 * huge.h - huge pages under the slabs of the process heap.
 *
 * Who calls a function of this room holds the heap's lock.
 */
#ifndef HUGE_H
#define HUGE_H

#include "cells.h"

#define HUGE_BYTES ((size_t)2 << 20)

/* Whether more of them are asked for. */
bool huge_are_wanted(void);

/* Asks for the one that begins in a slab that was just handed out, if it is sure to be filled. */
void huge_ask(struct heap *heap, uint32_t cell);

/* Before a range is purged: a huge page that lies partly outside of it is given up. */
void huge_leave(struct heap *heap, uint32_t offset, uint32_t granules);

#endif
