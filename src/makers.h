/*
 * makers.h - what made a block, its origin, under HALLOC_MISMATCH=1, and what may free it.
 *
 * Without the option origins are unknown, and fit every call. All functions may be called from any thread; a block
 * belongs to who asks.
 */
#ifndef MAKERS_H
#define MAKERS_H

#include "report.h"
#include "slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum origin {
	ORIGIN_UNKNOWN, /* out of the C++ library by itself, or nobody looked: fits every call */
	ORIGIN_EARLY,   /* as the next two, while calls in C++ are not watched: fit all of these */
	ORIGIN_EARLY_ALIGNED,
	ORIGIN_MALLOC,
	ORIGIN_ALIGNED, /* aligned_alloc, memalign and their kin */
	ORIGIN_NEW,
	ORIGIN_NEW_ARRAY,
	ORIGIN_NEW_ALIGNED,
	ORIGIN_NEW_ARRAY_ALIGNED,
};

/* Whether calls in C++ are watched: what comes from malloc is not to be deleted, from now on. */
extern bool makers_watched __attribute__((visibility("hidden")));

/* How many libraries are being opened: those of theirs that make and free blocks by themselves are not known yet, so what
 * is made meanwhile is as if nobody watched. */
extern unsigned makers_opening __attribute__((visibility("hidden")));

/* Whether what is made now is held against what will free it. */
static inline bool makers_count(void)
{
	return makers_watched && __atomic_load_n(&makers_opening, __ATOMIC_RELAXED) == 0;
}

/* That of what malloc makes now. */
static inline uint8_t makers_malloc(void)
{
	return makers_count() ? ORIGIN_MALLOC : ORIGIN_EARLY;
}

/* Returns: ORIGIN_UNKNOWN, too, when no live block starts at ptr; then setting it changes nothing. */
enum origin makers_get(const void *ptr);
void makers_set(const void *ptr, enum origin origin);

/* The same for a block that nobody else knows yet, and of which at most so many bytes were asked for. */
void makers_made(void *ptr, enum origin origin, size_t size);

/* Marks a block that nobody else knows yet as from aligned_alloc or its kin; NULL: there is none. */
static inline void makers_made_aligned(void *ptr)
{
	if (unlikely(slab_has_origins) && ptr != NULL)
		makers_made(ptr, makers_count() ? ORIGIN_ALIGNED : ORIGIN_EARLY_ALIGNED, SIZE_MAX);
}

/* The call that makes such blocks, in words. */
const char *makers_name(enum origin origin);

/* Whether name, which is for blocks from malloc, may be called for ptr. Returns: false after a report. */
bool makers_fit(const void *ptr, const char *name);

/* Whether a block may be freed by free_sized; by free_aligned_sized, if aligned. Returns: false after a report. */
bool makers_fit_sized(const void *ptr, bool aligned);

#endif
