/*
 * reader.h - a heap, as seen from outside: Page B copied, checked and counted.
 *
 * The process runs on while it is read, so a copy may be torn: half before a change, half after it. Each
 * part is checked against the rules of its room, and read again while it breaks them; what stays torn is
 * counted, so that whoever looks at the figures can be told.
 */
#ifndef READER_H
#define READER_H

#include "heap.h"
#include "page_b.h"
#include "sizeclass.h"
#include "slab.h"
#include "source.h"
#include "tcache.h"
#include "tool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a reader sees in a slot. */
enum reader_slot {
	READER_SLOT_UNTOUCHED, /* free, and reads as zero: never used, or purged */
	READER_SLOT_LIVE,
	READER_SLOT_CACHED, /* in a thread's cache */
	READER_SLOT_IDLE,   /* free, and was used */
};

/* Further to enum heap_kind: a stretch whose cell could not be told. */
#define READER_UNKNOWN 4

#define READER_NO_SLAB UINT32_MAX

struct reader_cell {
	uint64_t start;
	uint64_t bytes;
	uint64_t idle_bytes; /* free cells: that were used, and are still held */
	uint32_t slab;       /* slabs: its number in the snapshot, or READER_NO_SLAB */
	uint8_t kind;        /* enum heap_kind, or READER_UNKNOWN */
};

/* A count of slots, and what OS pages of the slabs they lie in are to the system. */
struct reader_slots {
	uint64_t live;
	uint64_t cached;
	uint64_t free;
	uint64_t idle_bytes;      /* whole OS pages of free slots, some of them used before */
	uint64_t untouched_bytes; /* whole OS pages of free slots never used, or purged */
};

struct reader_slab {
	uint64_t start;
	uint64_t bytes;
	uint64_t record; /* its address in Page B */
	struct reader_slots slots;
	uint8_t *states; /* enum reader_slot, one a slot; NULL unless asked for */
	uint16_t arena;
	uint8_t sizeclass;
	bool torn;
};

struct reader_class {
	uint32_t slot_bytes;
	uint32_t slots;      /* in a slab */
	uint32_t slab_bytes; /* of one */
	uint64_t slabs;
	uint64_t bytes;        /* of those slabs */
	uint64_t cached_known; /* slots in the magazines that were found */
	struct reader_slots all;
};

struct reader_arena {
	uint32_t number;
	uint32_t users; /* threads */
	uint64_t slabs;
	uint64_t bytes;
	uint64_t live_bytes;
	uint64_t fills; /* how often a thread came for slots, brought some back, and got how many */
	uint64_t flushes;
	uint64_t slots_filled;
};

struct reader_cache {
	uint64_t address;
	uint32_t arena;
	uint64_t slots; /* in magazines and in the outbox */
	uint64_t bytes; /* in magazines: an outbox does not tell its classes */
	uint64_t outbox;
};

/* Bytes of Page A by what they are. All but the holes together make page_a. */
struct reader_totals {
	uint64_t page_a;
	uint64_t slab;
	uint64_t block;
	uint64_t blocks;
	uint64_t live; /* slots and blocks */
	uint64_t live_slots;
	uint64_t cached;
	uint64_t cached_slots;
	uint64_t idle;      /* whole OS pages without a slot in use: what hdefrag gives back */
	uint64_t untouched; /* holds no memory: never used, or purged */
	uint64_t held;      /* page_a without what is untouched */
	uint64_t unknown;
	uint64_t page_b;
	uint64_t slots_filled;
	uint64_t fills;
	uint64_t flushes;
	uint64_t system_calls;
};

struct reader_snapshot {
	struct page_b_header header;
	uint64_t header_address;
	uint64_t base; /* of Page A */
	struct reader_cell *cells;
	size_t cell_count;
	struct reader_slab *slabs;
	size_t slab_count;
	struct reader_class *classes;
	unsigned class_count;
	struct reader_arena *arenas;
	unsigned arena_count;
	struct reader_cache *caches;
	size_t cache_count;
	struct reader_totals totals;
	uint64_t uptime_ms; /* since the heap was built; 0: not known */
	uint64_t retries;   /* reads that were torn, and done again */
	uint64_t torn;      /* parts that stayed torn */
	uint8_t *states;    /* what the slabs' states point into */
	uint8_t *idle; /* a byte a heap page: whether it is free, was used, and is still held */
	size_t heap_pages;
};

/* Whether the states of single slots are kept. */
enum reader_depth { READER_COUNTS, READER_SLOTS };

/* Reads where the page map lies, whose addresses begin where the snapshot's do. Returns: false with the error set. */
bool reader_pagemap(struct source *source, const struct reader_snapshot *snapshot,
                    struct pagemap *map, struct tool_error *error);

/* Reads everything. Returns: false with the error set; the snapshot is then empty. */
bool reader_take(struct source *source, enum reader_depth depth, struct reader_snapshot *snapshot,
                 struct tool_error *error);

void reader_free(struct reader_snapshot *snapshot);

#endif
