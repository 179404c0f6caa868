/*
 * bins.h - the free cells of a heap: where they come from, how one that fits is found, what is cut out of it.
 *
 * Who calls a function of this room holds the heap's lock.
 */
#ifndef BINS_H
#define BINS_H

#include "cells.h"

/* No heap has more. */
#define BINS_MAX 128u

/* What has become of the contents of a cell that is given back; where its memory is no longer mapped, it
 * turns into a hole instead. */
enum heap_contents { HEAP_DIRTY, HEAP_ZERO, HEAP_LOST };

/* How many bins a heap of so many granules has. */
uint32_t bins_for(uint32_t granules);

/* Tiles the next granules of Page A with a free cell. Returns: false when Page B is full. */
bool free_append(struct heap *heap, uint32_t granules);

/* The cell that fits best, the lowest of several; 0 when the bins have none, as far as they are looked through. */
uint32_t bins_find(const struct heap *heap, uint32_t granules, size_t alignment);

/* The lowest cell that fits, by looking at all of them; or 0. */
uint32_t bins_find_anywhere(const struct heap *heap, uint32_t granules, size_t alignment);

/* How many granules to leave free at the start of a cell so that the rest is aligned. */
uint32_t cell_skip(const struct heap *heap, uint32_t cell, size_t alignment);

/* Takes granules into use, the lowest of a free cell that are aligned. Requires: they fit.
 * Returns: their cell; 0 when Page B is full: nothing has changed then. */
uint32_t cell_cut(struct heap *heap, uint32_t cell, uint32_t granules, size_t alignment,
                  enum heap_kind kind);

/* Makes a cell in use larger by so many granules of the free one behind it. Requires: it has as many. */
void cell_widen(struct heap *heap, uint32_t cell, uint32_t more);

/* Frees a cell that is in use, and merges it with its free neighbours. */
void cell_free(struct heap *heap, uint32_t cell, enum heap_contents contents);

/* The free cells, bin by bin: the first, and the one after this. Returns: 0 when there are no more. */
uint32_t bins_first(const struct heap *heap);
uint32_t bins_next(const struct heap *heap, uint32_t cell);

/* Whether the bins hold so many cells, each free, in the bin of its size, and above those behind it; no two of
 * them neighbours. */
bool bins_ok(const struct heap *heap, uint32_t free_cells);

#endif
