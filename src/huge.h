/*
 * huge.h - huge pages under the process heap: asked for where they are sure to be filled, and given up.
 *
 * Who calls a function of this room holds the heap's lock. Heaps of users have none: nothing is done for them.
 */
#ifndef HUGE_H
#define HUGE_H

#include "cells.h"

#define HUGE_BYTES ((size_t)2 << 20)

/* A block that is to be written may have some if it has room for two or more: one that is not, after all, has at most
 * half of it in memory. */
#define HUGE_FILL_BYTES_MIN (2 * HUGE_BYTES)

/* How many arenas fill slabs of the heap side by side. Changed by atomic operations alone. */
extern unsigned huge_arenas;

/* Whether some may be asked for in a heap that has committed so much. */
bool huge_are_near(size_t bytes);

/* Asks for those that begin in a cell, from a granule of it on, and are likely to be filled: after it was handed out,
 * or has grown. */
void huge_ask(struct heap *heap, uint32_t cell, uint32_t offset);

/* Asks for those in a cell of the process heap, from a granule of it on, that are likely to be filled as it is about to be
 * written: where small pages are dear. Returns: whether there are some there. */
bool huge_fill(struct heap *heap, uint32_t cell, uint32_t offset);

/* Whether a granule of the process heap lies in one that was asked for. */
bool huge_is_asked_around(const struct heap *heap, uint32_t granule);

/* Before a range is purged: a huge page that lies partly outside of it is given up. */
void huge_leave(struct heap *heap, uint32_t offset, uint32_t granules);

#endif
