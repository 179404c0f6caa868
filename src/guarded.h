/*
 * guarded.h - blocks that have OS pages of their own between inaccessible ones, as GWP-ASan's: each large
 * block in hardened mode, and the one in HALLOC_SAMPLE by default.
 *
 * A block has exactly the bytes that were asked for, and ends where its pages end, as near as its alignment
 * lets it, or starts where they start, as one that keeps growing does. It is all zero at first. Once freed its pages are inaccessible, until some hundreds of others were freed.
 * All functions may be called from any thread, and lock for themselves.
 */
#ifndef GUARDED_H
#define GUARDED_H

#include "pagemap.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether there may be such blocks. Set at boot. */
extern bool guarded_on;

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

/* At exit: looks behind every live block. */
void guarded_sweep(void);

/* Whether a block that started at ptr was freed of late. */
bool guarded_was_freed(const void *ptr);

/* HALLOC_MISMATCH: what made a live block, of makers.h. Returns: false when none starts at ptr. */
bool guarded_origin_get(const void *ptr, uint8_t *origin);
bool guarded_origin_set(const void *ptr, uint8_t origin);

/* A block as it is known without the lock: true of it as long as it is live. */
struct guarded_view {
	uintptr_t start;
	size_t size;
	bool live;
};

/* Finds the block among whose pages ptr lies. Returns: false when there is none. */
bool guarded_find_unlocked(const void *ptr, struct guarded_view *view);

/* Whether ptr lies among the pages of a block that was freed, and is kept inaccessible. */
bool guarded_is_kept(const void *ptr);

/* Whether ptr lies at a guard, or among the pages of what was freed: not where a live block may be used, which the
 * program has protected itself, or has taken for code. */
bool guarded_is_closed(const void *ptr);

/* Keeps the block among whose pages ptr lies, from a signal handler, too, until the claim is given back. Returns: NULL when
 * there is none any more, or too much is claimed. */
struct claim *guarded_claim(const void *ptr, struct guarded_view *view);
void guarded_unclaim(struct claim *claim);

/* Opens all pages of a block that was claimed, and that starts at ptr. Returns: false where the system refuses. */
bool guarded_open(const void *ptr);

/* Whether ptr lies among the pages of a guarded block, live or freed, or at a guard of one. */
static inline bool guarded_at(const void *ptr)
{
	if (likely(!guarded_on))
		return false;
	const struct pagemap_entry *entry = pagemap_find(ptr);
	return entry != NULL && pagemap_is_guarded(entry);
}

#endif
