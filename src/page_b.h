/*
 * page_b.h - Page B: where everything that halloc knows is kept, away from what it hands out.
 *
 * Records that are named by number lie in arrays, see array.h; those that are named by address in a common pool, here.
 * Each lies in a window of its own, with unmapped addresses on both sides.
 */
#ifndef PAGE_B_H
#define PAGE_B_H

#include "os.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where a reader from outside (another process, a core file) starts: the exported symbol halloc_page_b.
 * It names everything else by address; the sizes let a reader tell a library that it does not know.
 * The words at the end are counters, written without locks and only ever on slow paths.
 */
#define PAGE_B_MAGIC_BYTES 'H', 'A', 'L', 'L', 'O', 'C', '\r', '\n'
#define PAGE_B_MAGIC       ((const char[]){PAGE_B_MAGIC_BYTES})
#define PAGE_B_VERSION     5u

struct page_b_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint32_t heap_bytes; /* sizeof of each structure */
	uint32_t cell_bytes;
	uint32_t page_bytes;
	uint32_t entry_bytes;
	uint32_t slab_bytes;
	uint32_t arena_bytes;
	uint32_t tcache_bytes;
	uint32_t class_count;
	uint32_t guarded_bytes;    /* 0: there are no guarded blocks */
	uint32_t guarded_live_max; /* how many of them may be live at a time */
	uint64_t os_page_bytes;
	uint64_t ready;        /* 1 once the heap stands */
	const void *heap;      /* struct heap of the process */
	const void *pagemap;   /* struct pagemap */
	const void *classes;   /* struct sizeclass, class_count of them */
	const void *arenas;    /* struct arena *, ARENAS_MAX of them, to the first NULL */
	const void *tcaches;   /* struct tcache *, the first of a list */
	const void *bootstrap; /* the bootstrap buffer */
	uint64_t start_ms; /* clock_whole_ms when the heap first read the clock: soon; 0: not yet */
	uint64_t record_bytes_claimed;
	uint64_t record_bytes_used;
	uint64_t page_a_bytes_peak; /* the most of Page A in cells in use at a time */
	uint64_t purges;            /* calls that gave memory back, and what they gave */
	uint64_t purged_bytes;
	const void *system_calls; /* uint64_t: calls for memory */
	uint64_t trims_wanted;    /* raised by a reader who asks for all idle memory to go back */
	uint64_t trims_done;
	uint64_t trimmed_bytes;
	uint64_t limit_bytes;          /* of HALLOC_LIMIT; UINT64_MAX: none */
	uint64_t limit_refusals;       /* requests that it kept from being met, at first */
	uint64_t committed_bytes_peak; /* of what limit.h calls committed */
	uint64_t pressure_purges;      /* purges for want of memory in the control group */
	uint64_t purge_ns;             /* time in purges, while the statistics are on */
	uint64_t sample_one_in;        /* one allocation in so many is sampled; 0: none */
	uint64_t samples_missed;       /* whose turn it was, but there was no room for one more */
};

extern struct page_b_header halloc_page_b;

/* Adds to a counter of the header. */
static inline void page_b_count(uint64_t *counter, uint64_t amount)
{
	__atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

#define PAGE_B_ALIGN            ((size_t)64)
#define PAGE_B_RECORD_BYTES_MAX ((size_t)8192)

/* Opens Page B. Returns: false when the system has no room for it. */
bool page_b_boot(void);

/* Sees to it, where the system lets it, that records have so many bytes in all. */
void page_b_reserve(size_t bytes);

/* A record of size bytes, all zero, aligned to a cache line.
 * Requires: size <= PAGE_B_RECORD_BYTES_MAX. Returns: NULL when there is no room. */
void *page_b_record_new(size_t size);

/* Gives back a record of that size. */
void page_b_record_free(void *record, size_t size);

struct page_b_record {
	void *at;
	size_t bytes;
};

/* The same of so many at once, or of none. */
void page_b_records_free(const struct page_b_record *records, unsigned count);

/* Has what was given back merge, and gives the OS pages back that have been without a record for age_ms.
 * Returns: their bytes. */
size_t page_b_purge(uint32_t now_ms, uint32_t age_ms);

/* Checks the map of the common pool. Returns: false when something is wrong. */
bool page_b_ok(void);

#endif
