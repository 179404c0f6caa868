/*
 * page_b.h - Page B: where everything that halloc knows is kept, away from what it hands out.
 *
 * Two kinds of pools: arrays, whose records are named by number, and the common pool of records
 * named by address. Both lie in windows of their own, with unmapped addresses on both sides.
 */
#ifndef PAGE_B_H
#define PAGE_B_H

#include "os.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_B_ALIGN            ((size_t)64)
#define PAGE_B_RECORD_BYTES_MAX ((size_t)8192)

/* Opens Page B. Returns: false when the system has no room for it. */
bool page_b_boot(void);

/* A record of size bytes, all zero, aligned to a cache line.
 * Requires: size <= PAGE_B_RECORD_BYTES_MAX. Returns: NULL when there is no room. */
void *page_b_record_new(size_t size);

/* Gives back a record for others of the same size. */
void page_b_record_free(void *record, size_t size);

/* An array that grows by whole OS pages of zeros. */
struct page_b_array {
	struct os_window window;
	size_t record_bytes;
};

bool page_b_array_open(struct page_b_array *array, size_t record_bytes, size_t records_max);

/* Makes the first records of the array usable. Locks: the caller's.
 * Returns: false when there is no room; nothing has changed then. */
bool page_b_array_extend(struct page_b_array *array, size_t records);

/* Bytes of the common pool: claimed from the system, and in records in use. */
size_t page_b_bytes_claimed(void);
size_t page_b_bytes_used(void);

/* Checks the common pool. Returns: false when something is wrong. */
bool page_b_ok(void);

#endif
