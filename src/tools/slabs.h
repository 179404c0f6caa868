/*
 * slabs.h - the slabs of a snapshot: found, copied, checked, counted.
 */
#ifndef SLABS_H
#define SLABS_H

#include "reader.h"

/* Fills in the slabs of the cells that are of kind HEAP_SLAB. A cell that is no slab any more becomes
 * READER_UNKNOWN. Requires: cells, classes, arenas and base are set; map is the process's pagemap. */
void slabs_read(struct source *source, struct reader_snapshot *snapshot, const struct pagemap *map,
                enum reader_depth depth);

#endif
