/*
 * purge.h - memory of a heap that goes back to the system, and so reads as zero.
 *
 * All functions lock the heap themselves where it is needed, unless it is said.
 */
#ifndef PURGE_H
#define PURGE_H

#include "cells.h"

/* Makes a cell that was just handed out, and not written to, read as zero. Process heap. */
void heap_zero(struct heap *heap, void *ptr, size_t bytes);

/* Whether all of a cell that was just handed out reads as zero. Process heap. */
bool heap_is_zero(struct heap *heap, const void *ptr, size_t bytes);

/* Gives the memory of a range of slabs back; it reads as zero from then on. Process heap.
 * Returns: false when the system refused. */
bool heap_purge_range(struct heap *heap, uintptr_t start, size_t bytes);

/* Gives back to the system what has been idle for age_ms. Returns: the bytes given back. */
size_t heap_purge(struct heap *heap, uint32_t now_ms, uint32_t age_ms);

/* What others left behind the end of a block that was just handed out, of which bytes were asked for: the caller gives it
 * back, at the end of the cell, once it holds the lock no more. grew_ms: when Page A last grew, as clock_ms had it.
 * Returns: its bytes; 0 where it is to stay. Locks: heap->lock is held. */
size_t heap_idle_tail(const struct heap *heap, uint32_t cell, size_t bytes, uint32_t grew_ms);

#endif
