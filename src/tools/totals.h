/*
 * totals.h - what a snapshot comes to.
 */
#ifndef TOTALS_H
#define TOTALS_H

#include "reader.h"

/* Fills in the totals, and what slabs add up to in each arena. Requires: cells, slabs, classes and arenas were read. */
void totals_count(struct source *source, struct reader_snapshot *snapshot);

/* The classes that have slabs, those with the most live bytes first. Returns: how many; the list is to be freed. */
size_t totals_classes_by_live(const struct reader_snapshot *snapshot,
                              const struct reader_class ***classes);

#endif
