/*
 * hardened.h - small and large blocks under HALLOC_HARDENED=1.
 *
 * Every call comes here: threads keep no slots, and the page map shows no reciprocal for the slabs, so both
 * fast paths end in their slow ones. A block has exactly the bytes that were asked for.
 */
#ifndef HARDENED_H
#define HARDENED_H

#include <stdbool.h>
#include <stddef.h>

extern bool hardened_on;

/* After the slabs. Returns: false without memory. */
bool hardened_boot(void);

/* A block of size bytes, all zero; size 0: one that cannot be read or written. grows: a large block grew into
 * this one, and so may this. Returns: NULL with ENOMEM. */
void *hardened_new(size_t size, size_t alignment, bool grows);

/* The quick way, for small blocks alone; errno stays as it is. Returns: NULL when this is not the way, as before
 * hardened_boot. */
void *hardened_new_slot(size_t size);

/* Frees the live block that starts at ptr; what was written beyond it, or beyond a neighbour, is reported.
 * Returns: false when no live block starts there: nothing has changed. */
bool hardened_free(void *ptr);

/* The same for small blocks alone, whatever made them; errno stays as it is. */
bool hardened_free_slot(void *ptr);

/* Whether a live block starts at ptr, and its bytes. */
bool hardened_find(const void *ptr, size_t *size);

/* HALLOC_MISMATCH=1: what made a block, and so what is to free it. */
enum hardened_origin {
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
extern bool hardened_origins_on;

/* How many libraries are being opened: those of theirs that make and free blocks by themselves are not known yet, so what
 * is made meanwhile is as if nobody watched. */
extern unsigned hardened_opening;

/* Returns: ORIGIN_UNKNOWN, too, when no live block starts at ptr; then setting it changes nothing. */
enum hardened_origin hardened_origin_get(const void *ptr);
void hardened_origin_set(const void *ptr, enum hardened_origin origin);

/* The same for a block that nobody else knows yet, and of which at most so many bytes were asked for. */
void hardened_made(void *ptr, enum hardened_origin origin, size_t size);

/* Marks a block that nobody else knows yet as from aligned_alloc or its kin; NULL: there is none. */
void hardened_made_aligned(void *ptr);

/* The call that makes such blocks, in words. */
const char *hardened_maker(enum hardened_origin origin);

/* Whether name, which is for blocks from malloc, may be called for ptr. Returns: false after a report. */
bool hardened_origin_fits(const void *ptr, const char *name);

/* Whether a block may be freed by free_sized; by free_aligned_sized, if aligned. Returns: false after a report. */
bool hardened_sized_fits(const void *ptr, bool aligned);

/* Makes a block hold size bytes where it is, as from malloc from now on. Requires: it is live. Returns: false when it must move. */
bool hardened_resize(void *ptr, size_t size);

/* Has a live block, a sampled one, too, end earlier, as from malloc from now on. Requires: size is not more than it has. */
void hardened_shrink(void *ptr, size_t size);

/* Gives back what waits in quarantine, and all that is idle then, where memory is short.
 * Returns: whether anything waited. */
bool hardened_give_back(void);

/* At exit: looks behind every live block, and at what was freed, for what nobody came by again. What another
 * thread, or the one that a signal handler exits in, is at work on is left out. */
void hardened_sweep(void);

#endif
