/*
 * introspect.h - what the heap holds, counted at the moment of asking: nothing is counted for it on
 * the way. Other threads may go on meanwhile; each figure was true at some moment of the call.
 */
#ifndef INTROSPECT_H
#define INTROSPECT_H

#include "sizeclass.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct introspect_class {
	size_t slabs;
	size_t live; /* slots */
	size_t cached;
	size_t free;
};

/* Counts are numbers of things, the rest bytes. */
struct introspect_totals {
	struct introspect_class classes[SIZECLASS_COUNT];
	size_t page_a_bytes; /* of Page A, claimed from the system */
	size_t page_b_bytes; /* of Page B's records in use */
	size_t slab_bytes;   /* in slabs */
	size_t live_slots;
	size_t live_slot_bytes;
	size_t cached_slots;
	size_t cached_slot_bytes;
	size_t free_slots;
	size_t free_slot_bytes;
	size_t blocks;
	size_t block_bytes;
	size_t free_cells;
	size_t free_cell_bytes;
	size_t bootstrap_bytes;
	size_t bootstrap_live_bytes;
	unsigned arenas;
	unsigned tcaches;
};

void introspect_count(struct introspect_totals *totals);

struct mallinfo2 introspect_mallinfo(void);

/* Writes glibc's XML to stream. Returns: 0. */
int introspect_malloc_info(FILE *stream);

/* Writes glibc's lines, and ours, to stderr. */
void introspect_malloc_stats(void);

/* Arranges for the statistics at exit that the user asked for. */
void introspect_start(void);

#endif
