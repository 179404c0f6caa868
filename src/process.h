/*
 * process.h - the heap of the process: built, grown, and held to the limit.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "cells.h"
#include "limit.h"

/* The process heap; NULL before heap_boot. */
extern struct heap *heap_process;

/* Of what is in use, the bytes that cannot be touched and hold nothing. Changed by atomic operations alone. */
extern size_t process_closed_bytes;

/* Builds the process heap. Returns: false when the system has no room for it. */
bool heap_boot(void);

/* What the process has committed, as limit.h means it. Locks: the heap. */
size_t heap_committed_bytes(void);

/* Makes room for a cell of granules at the end of Page A. Locks: heap->lock is held, here and below.
 * Returns: false when there is none, or the heap is one that does not grow. */
bool process_grow(struct heap *heap, uint32_t granules);

/* Notes how much is in use, and committed, if it was never more: credit bytes of what is committed are about to be
 * given back. */
void process_note_peak(const struct heap *heap, size_t credit);

/* When more was committed than ever before, last. Locks: the heap's is held. */
extern uint32_t process_grew_ms __attribute__((visibility("hidden")));

/* As process_allows, where there is a limit. */
bool process_limit_allows(const struct heap *heap, uint32_t granules, uint32_t dirty,
                          size_t credit);

/* Whether so many granules more, some of them dirty, may come into use, when credit bytes of what is committed are
 * about to be given back. */
static inline bool process_allows(const struct heap *heap, uint32_t granules, uint32_t dirty,
                                  size_t credit)
{
	return limit_bytes == SIZE_MAX || process_limit_allows(heap, granules, dirty, credit);
}

#endif
