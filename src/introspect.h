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

struct introspect_class {
	size_t slabs;
	size_t live; /* slots */
	size_t cached;
	size_t free;
};

/* What the slow paths did since the start. The fast paths count nothing: a thread's magazine is filled
 * with many slots at a time, which malloc then hands out and free takes back. */
struct introspect_work {
	uint64_t fills; /* calls for slots, and how many came of them */
	uint64_t slots_filled;
	uint64_t flushes; /* calls that put slots back: of magazines, outboxes, ended threads */
	uint64_t slots_flushed;
	uint64_t blocks_taken; /* large blocks, each one counted */
	uint64_t blocks_given;
	uint64_t blocks_resized; /* in place */
	uint64_t fill_ns;        /* time in them, while the statistics are on */
	uint64_t flush_ns;
	uint64_t block_ns;
};

/* Counts are numbers of things, the rest bytes. */
struct introspect_totals {
	struct introspect_class classes[SIZECLASS_COUNT];
	size_t page_a_bytes; /* of Page A, claimed from the system: the sum of the next four */
	size_t slab_bytes;   /* in slabs, but for the guards that end them */
	size_t block_bytes;
	size_t free_cell_bytes;
	size_t withheld_bytes; /* that nobody can touch: those guards, and freed blocks that are kept */
	size_t page_b_bytes; /* of Page B's records in use */
	size_t live_slots;
	size_t live_slot_bytes;
	size_t cached_slots;
	size_t cached_slot_bytes;
	size_t free_slots;
	size_t free_slot_bytes;
	size_t blocks;
	size_t free_cells;
	size_t bootstrap_bytes;
	size_t bootstrap_live_bytes;
	size_t free_dirty_bytes; /* of free cells, not given back to the system yet */
	size_t committed_bytes;  /* as limit.h means it */
	struct introspect_work work;
	unsigned arenas;
	unsigned tcaches;
};

/* Returns: false in a signal handler that has interrupted the heap, where nothing may wait for a lock: what is in use is
 * then told as a whole, as if it were all live slots. */
bool introspect_count(struct introspect_totals *totals);

/* What a count comes to in glibc's terms; and a count made for it. */
struct mallinfo2 introspect_mallinfo_of(const struct introspect_totals *totals);
struct mallinfo2 introspect_mallinfo(void);

#endif
