/*
 * look.h - what lies where in a heap: its cells found by address, and shown one after the other.
 *
 * All functions lock the heap themselves, but for those that say otherwise.
 */
#ifndef LOOK_H
#define LOOK_H

#include "cells.h"

/* A cell, as heap_visit and hfindptr show it. */
struct heap_view {
	void *start;
	size_t bytes;
	enum heap_kind kind;
};

/* Returns: the size in bytes of the block that starts at ptr, or 0. */
size_t heap_block_bytes(struct heap *heap, const void *ptr);

/* The cell that ptr points into. Returns: false when ptr lies outside of Page A. */
bool hfindptr(struct heap *heap, const void *ptr, struct heap_view *view);

/* As hfindptr, without a lock, for those who may have interrupted its holder: true of a block as long as it is
 * live. freed: of a cell that is free, a block started in it once. Process heap. */
bool heap_find_unlocked(const struct heap *heap, const void *ptr, struct heap_view *view,
                        bool *freed);

/* As heap_block_bytes, in the same way. */
size_t heap_block_bytes_unlocked(const struct heap *heap, const void *ptr);

/* Whether a block started at ptr once and was freed. Process heap. */
bool heap_was_freed(struct heap *heap, const void *ptr);

/* Shows every cell from the one that contains from (NULL: from the first), in address order, with
 * the heap locked. Returns: the first non-zero answer, which ends the visit; else 0. */
int heap_visit(struct heap *heap, const void *from,
               int (*visit)(const struct heap_view *view, void *arg), void *arg);

#endif
