/*
 * pagemap.h - from an address in the process's Page A to the slab it lies in, without a lock.
 *
 * Entry i describes heap page i of Page A. An entry is written by the slab's owner before its slots
 * are handed out, and read by anybody who holds a pointer into the slab.
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include "os.h"

#include <stdbool.h>
#include <stdint.h>

/* What a state byte holds. */
enum slot_state { SLOT_FRESH, SLOT_LIVE, SLOT_DEAD };

/* What the reciprocal does not tell. */
enum pagemap_kind {
	PAGEMAP_PLAIN,
	PAGEMAP_RETIRED, /* a slab was here; start and sizeclass are still those it had */
	PAGEMAP_HIDDEN,  /* a slab of hardened mode: its reciprocal stays 0 */
	PAGEMAP_GUARDED, /* a guarded block: states is its record */
	PAGEMAP_GOING,   /* the first page of one that is about to be given back */
};

struct pagemap_entry {
	uint64_t reciprocal; /* of the slot size; 0: no slab, so no offset is a slot's start */
	uint8_t *states;     /* a byte a slot, and one more that is never live */
	uintptr_t start;     /* of the slab */
	uint16_t arena;
	uint16_t awake; /* the mark of a thread of that arena, as long as it is awake */
	uint8_t sizeclass;
	uint8_t kind;      /* enum pagemap_kind */
	uint16_t magazine; /* of the class: its offset among those of a thread */
};

_Static_assert(sizeof(struct pagemap_entry) == 32, "two entries a cache line");

struct pagemap {
	uintptr_t base; /* of Page A */
	size_t bytes;   /* of Page A that have entries; grows, never shrinks */
	struct pagemap_entry *entries;
};

/* Hidden, and known to be: so no table of addresses stands between the fast path and it. */
extern struct pagemap pagemap __attribute__((visibility("hidden")));

/* Opens the map for a Page A at base. Returns: false when there is no room. */
bool pagemap_boot(uintptr_t base, size_t size_max);

/* Makes entries, all zero, for the first bytes of Page A. Locks: the caller's, the heap's.
 * Returns: false when there is no room; nothing has changed then. */
bool pagemap_extend(size_t bytes);

/* The entry for ptr, or NULL when ptr lies outside of Page A. */
static inline struct pagemap_entry *pagemap_find(const void *ptr)
{
	uintptr_t offset = (uintptr_t)ptr - pagemap.base;

	if (__builtin_expect(offset >= pagemap.bytes, 0))
		return NULL;
	struct pagemap_entry *entry = &pagemap.entries[offset >> HEAP_PAGE_SHIFT];
	if (entry == NULL)
		__builtin_unreachable();
	return entry;
}

/* Whether a slab is here; then the rest of the entry is that slab's. */
static inline bool pagemap_has_slab(const struct pagemap_entry *entry)
{
	return __atomic_load_n(&entry->reciprocal, __ATOMIC_ACQUIRE) != 0 ||
	       __atomic_load_n(&entry->kind, __ATOMIC_ACQUIRE) == PAGEMAP_HIDDEN;
}

/* Whether a guarded block is here. */
static inline bool pagemap_is_guarded(const struct pagemap_entry *entry)
{
	return __atomic_load_n(&entry->kind, __ATOMIC_ACQUIRE) >= PAGEMAP_GUARDED;
}

#endif
