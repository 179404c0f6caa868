/*
 * guarded.h - blocks that have OS pages of their own between inaccessible ones, as GWP-ASan's: each large
 * block in hardened mode, and the one in HALLOC_SAMPLE by default.
 *
 * A block has exactly the bytes that were asked for, and ends where its pages end, as near as its alignment
 * lets it, or starts where they start, as one that keeps growing does. It is all zero at first. Once freed its
 * pages are inaccessible, until some hundreds of others were freed.
 * All functions may be called from any thread, and lock for themselves.
 */
#ifndef GUARDED_H
#define GUARDED_H

#include "guards.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the first; live_max: how many may be in use at a time; both_ends: every other block starts where its
 * pages start, so that it is told when what lies before it is touched. Needs the heap. */
void guarded_boot(unsigned live_max, bool both_ends);

/* GUARDED_GROWS: another block grew into this one, and so may this. */
enum guarded_use { GUARDED_NEW, GUARDED_GROWS };

/* Returns: NULL with ENOMEM where there is no room, or where too many are in use.
 * Requires: alignment is at most an OS page for one that grows. */
void *guarded_new(size_t size, size_t alignment, enum guarded_use use);

/* Makes the live block that starts at ptr hold size bytes where it is. Returns: false when it must move. */
bool guarded_resize(void *ptr, size_t size);

/* Frees the live block that starts at ptr; what was written behind it is reported.
 * Returns: false when none starts there: nothing has changed. */
bool guarded_free(void *ptr);

/* Forgets the live block that starts at ptr, whose pages are mapped no more. */
void guarded_lose(void *ptr);

/* Whether a live block starts at ptr, and its bytes. */
bool guarded_find(const void *ptr, size_t *size);

/* Has the live block that starts at ptr end earlier, where one does; what it gives up becomes a guard. */
void guarded_shrink(const void *ptr, size_t size);

/* Gives back all that is kept inaccessible, where memory is short. Returns: whether there was any. */
bool guarded_give_back(void);

/* The memory of the machine, in bytes: for a request of more, which the system refuses, nothing is worth giving back. */
extern size_t guarded_worth_bytes;

/* At exit: looks behind every live block. */
void guarded_sweep(void);

/* Whether a block that started at ptr was freed of late. */
bool guarded_was_freed(const void *ptr);

/* HALLOC_MISMATCH: what made a live block, of makers.h. Returns: false when none starts at ptr. */
bool guarded_origin_get(const void *ptr, uint8_t *origin);
bool guarded_origin_set(const void *ptr, uint8_t origin);

#endif
