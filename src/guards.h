/*
 * guards.h - guarded blocks as they are known without a lock: which one an address lies in, and whether it may be used.
 *
 * All functions may be called from any thread, and from the handler of faults: they take no lock, and touch no errno, but
 * for guards_open.
 */
#ifndef GUARDS_H
#define GUARDS_H

#include "backtrace.h"
#include "os.h"
#include "pagemap.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a block, in Page B. Changed by the room guarded alone, with its lock, but for opened. */
struct guarded {
	uintptr_t ptr;
	size_t size;    /* bytes that were asked for */
	uintptr_t cell; /* of the core, in which it lies */
	size_t cell_bytes;
	bool live;
	uint8_t origin;        /* what made it, of makers.h */
	bool fenced;           /* has guards, and will be inaccessible once freed */
	bool closed;           /* is so */
	bool opened;           /* all of it, by a report that was carried on from */
	uint8_t contents;      /* of its cell, of one that waits */
	struct guarded *waits; /* the next one that does */
	struct backtrace taken;
	struct backtrace freed;
};

/* Whether there may be guarded blocks. Set at boot. */
extern bool guards_on;

/* Whether ptr lies among the pages of a guarded block, live or freed, or at a guard of one. */
static inline bool guards_at(const void *ptr)
{
	if (likely(!guards_on))
		return false;
	const struct pagemap_entry *entry = pagemap_find(ptr);
	return entry != NULL && pagemap_is_guarded(entry);
}

/* The accessible part of a block. */
static inline uintptr_t guards_first(const struct guarded *block)
{
	return block->ptr & -os_page_bytes;
}

static inline uintptr_t guards_end(const struct guarded *block)
{
	return os_whole_pages(block->ptr + block->size);
}

/* The block among whose pages, or at whose guards, ptr lies, or NULL. Without the lock it may be given back meanwhile. */
struct guarded *guards_block(const void *ptr);

/* Tells the page map whose pages these are; block NULL: nobody's. Locks: that of the room guarded. */
void guards_note(uintptr_t cell, size_t bytes, struct guarded *block);

/* Says that a block is going to be given back: from here on it is not claimed any more. Returns: false when it is claimed:
 * then it must stay for now. Locks: that of the room guarded. */
bool guards_leave(const struct guarded *block);

/* A block as it is known without the lock: true of it as long as it is live. */
struct guards_view {
	uintptr_t start;
	size_t size;
	bool live;
};

/* Finds the block among whose pages ptr lies. Returns: false when there is none. */
bool guards_find(const void *ptr, struct guards_view *view);

/* Whether ptr lies among the pages of a block that was freed, and is kept inaccessible. */
bool guards_is_kept(const void *ptr);

/* Whether ptr lies at a guard, or among the pages of what was freed: not where a live block may be used, which the
 * program has protected itself, or has taken for code. */
bool guards_is_closed(const void *ptr);

/* Keeps the block among whose pages ptr lies until the claim is given back. Returns: NULL when there is none any more, or
 * too much is claimed. */
struct guards_claim *guards_claim(const void *ptr, struct guards_view *view);
void guards_unclaim(struct guards_claim *claim);

/* Opens all pages of a block that was claimed, and that starts at ptr. Returns: false where the system refuses. */
bool guards_open(const void *ptr);

/* For a report: who allocated, and who freed, the block that ptr lies in; left alone when there is none. */
void guards_history(const void *ptr, struct backtrace *taken, struct backtrace *freed);

#endif
