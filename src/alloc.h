/*
 * alloc.h - one request, routed: by size to the magazines or the core, by owner back again.
 *
 * Sizes are bytes. Functions that fail return NULL, or false, with errno ENOMEM. None of them
 * changes errno when it succeeds.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include "pagemap.h"
#include "report.h"
#include "sizeclass.h"
#include "tcache.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger requests are refused, as glibc refuses them. */
#define ALLOC_BYTES_MAX ((size_t)PTRDIFF_MAX)

/* At least size bytes, aligned to 16; and the same, zeroed. */
void *alloc_new(size_t size);
void *alloc_new_zeroed(size_t size);

/* Frees the block at ptr, which may be NULL; any other pointer is reported. And the same, where ptr starts no live slot. */
void alloc_free(void *ptr);
void alloc_free_rest(void *ptr);

/* As alloc_new, the start a multiple of alignment, a power of two. */
void *alloc_new_aligned(size_t size, size_t alignment);

/* As alloc_new, for a block that is to be smaller: where there is no room, errno stays as it is. */
void *alloc_new_less(size_t size);

/* For who moves large blocks: a block of whole heap pages, of more bytes than a slot has; and one in hardened mode, which
 * grows, as in hardened_new. */
void *alloc_new_block(size_t size, size_t alignment);
void *alloc_new_hardened(size_t size, size_t alignment, bool grows);

/* Tells the heap that a large block is to be written from so many bytes on. Returns: whether it is prepared for that. */
bool alloc_block_fill(void *ptr, size_t from);

/* How often the limit was in the way so far. */
uint64_t alloc_refusals(void);

/* After a request was not met: gives back what is kept for nothing but to be told, and where the limit may have been the
 * reason, everything idle. Returns: whether to try again. */
bool alloc_make_room(size_t size);

/* Finds the usable bytes of a live block; for any other pointer, misuse is reported under name, if there is
 * one. Returns: false for these. */
bool alloc_find(const void *ptr, size_t *bytes, const char *name);

/* Frees the block that starts at ptr. Returns: false when none does: nothing changes, no report. */
bool alloc_free_checked(void *ptr);

/* When set, called once: the first time that HALLOC_LIMIT keeps a request, of so many bytes, from being
 * met. No lock is held. */
extern void (*alloc_limit_report)(size_t bytes);

/* Whether this is a signal handler that has interrupted its thread where that may hold a lock of the heap. */
bool alloc_is_interrupted(void);

/* Merges, and gives every idle page back, now; nothing in a signal handler that has interrupted the heap. Returns: the
 * bytes given back. */
size_t alloc_trim(void);

/* The slot that ptr starts. Returns: its page-map entry; NULL when ptr starts no live slot. */
static inline const struct pagemap_entry *alloc_find_slot(const void *ptr, struct slot *slot)
{
	uint64_t rest;
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (unlikely(entry == NULL))
		return NULL;
	uint64_t index = sizeclass_divide((uintptr_t)ptr - entry->start, entry->reciprocal, &rest);
	if (unlikely(rest >= entry->reciprocal))
		return NULL;
	slot->ptr = (void *)(uintptr_t)ptr;
	slot->state = entry->states + index;
	return likely(*slot->state == SLOT_LIVE) ? entry : NULL;
}

/* As alloc_find; some programs ask at each malloc and free. Returns: the bytes; 0 for what is no live block. */
static inline size_t alloc_bytes(const void *ptr, const char *name)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);
	size_t bytes;

	if (likely(entry != NULL))
		return sizeclasses[entry->sizeclass].slot_bytes;
	return alloc_find(ptr, &bytes, name) ? bytes : 0;
}

#endif
