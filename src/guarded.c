/*
 * guarded - blocks between guards: an overflow, or a use after free, faults where it happens.
 *
 *     cell of the core   |  guard  | slack | block | slack |  guard  |
 *
 * Holds:  a record for each block, found from the page map; the freed ones, the oldest first.
 * Always: a freed block that has guards is inaccessible, and reads as zero when its pages come back; record and cell of
 *         one that is being reported stay until it is.
 * Locks:  guarded_lock (rank LARGE); may then take HEAP and PAGE_B.
 */
#include "guarded.h"
#include "backtrace.h"
#include "heap.h"
#include "machine.h"
#include "misuse.h"
#include "os.h"
#include "page_b.h"
#include "slack.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Freed blocks stay inaccessible, the last of so many, or of so many bytes; where the process is limited, of
 * one part in so many of what it may map. */
#define KEPT_MAX       256u
#define KEPT_BYTES_MAX ((size_t)1 << 30)
#define KEPT_PART      16u

size_t guarded_worth_bytes;

static struct lock guarded_lock;
static unsigned live_now;
static unsigned live_most;
static bool lays_both_ways;
static bool next_at_start;
static struct guarded *kept[KEPT_MAX] lies_late; /* a ring: the oldest at kept_first */
static unsigned kept_first;
static unsigned kept_count;
static size_t kept_bytes;
static size_t kept_bytes_max;
static struct guarded *waiting; /* to be given back, but claimed */

static struct guarded *block_at(const void *ptr)
{
	struct guarded *block = guards_block(ptr);

	return block != NULL && block->ptr == (uintptr_t)ptr ? block : NULL;
}

/* --- Laid out --------------------------------------------------------------------------------- */

/* What a block takes: one of no bytes lies at a guard, or has a byte of its own. */
static size_t bytes_apart(const struct guarded *block)
{
	return block->size == 0 && !block->fenced ? 1 : block->size;
}

/* Takes a cell of the core with so many bytes to spare. Where the system has no room for more guards, the slack
 * alone will be checked. Returns: NULL without memory. */
static void *cell_take(struct guarded *block, size_t spare)
{
	block->fenced = os_guard_claim();
	size_t bytes = os_whole_pages(bytes_apart(block)) + spare;

	if (block->fenced)
		bytes += 2 * os_page_bytes;
	block->cell_bytes = (bytes + HEAP_PAGE_BYTES - 1) & -HEAP_PAGE_BYTES;
	void *cell = heap_take(heap_process, block->cell_bytes, HEAP_PAGE_BYTES, HEAP_BLOCK);
	if (cell == NULL && block->fenced)
		os_guard_release();
	return cell;
}

static size_t guard_bytes(const struct guarded *block)
{
	return block->fenced ? os_page_bytes : 0;
}

/* Makes a cell ready for the block in it, whose place is known. Its guards are known for such before they are there. */
static void lay_out(struct guarded *block)
{
	uintptr_t first = guards_first(block), end = guards_end(block);

	guards_note(block->cell, block->cell_bytes, block);
	if (block->fenced) {
		os_guard((void *)block->cell, first - block->cell);
		os_guard((void *)end, block->cell + block->cell_bytes - end);
	}
	slack_fill_before((unsigned char *)first, (unsigned char *)block->ptr);
	slack_fill((unsigned char *)block->ptr, block->size, end - block->ptr);
}

/* Tells whether anybody wrote between a block and its guards. */
static void slack_check_around(const struct guarded *block)
{
	unsigned char *start = (unsigned char *)block->ptr;

	slack_check_before((unsigned char *)guards_first(block), start, block->size);
	slack_check(start, block->size, guards_end(block) - block->ptr);
}

/* Takes a cell for a block, and finds the block's place in it. Locks: guarded_lock is held. */
static bool place_find(struct guarded *block, size_t alignment, enum guarded_use use)
{
	size_t page = os_page_bytes;
	bool at_start = use == GUARDED_GROWS || (next_at_start && alignment <= page);
	void *cell = NULL;

	if (use == GUARDED_GROWS)
		cell = cell_take(block, block->size / HEAP_ROOM_PART);
	if (cell == NULL)
		cell = cell_take(block, alignment > page ? alignment : 0);
	if (cell == NULL)
		return false;
	heap_zero(heap_process, cell, block->cell_bytes);
	block->cell = (uintptr_t)cell;
	if (at_start)
		block->ptr = block->cell + guard_bytes(block);
	else
		block->ptr = (block->cell + block->cell_bytes - guard_bytes(block) -
		              bytes_apart(block)) &
		             -alignment;
	next_at_start = lays_both_ways && !next_at_start;
	return true;
}

static bool are_too_many(void)
{
	return __atomic_load_n(&live_now, __ATOMIC_RELAXED) >= live_most;
}

static void live_add(int count)
{
	__atomic_store_n(&live_now, live_now + (unsigned)count, __ATOMIC_RELAXED);
}

static bool place(struct guarded *block, size_t alignment, enum guarded_use use)
{
	lock_acquire(&guarded_lock);
	bool placed = !are_too_many() && place_find(block, alignment, use);
	if (placed) {
		lay_out(block);
		live_add(1);
	}
	lock_release(&guarded_lock);
	return placed;
}

/* Where there are too many, that is found out before a stack is taken, in vain. */
void *guarded_new(size_t size, size_t alignment, enum guarded_use use)
{
	struct guarded *block = are_too_many() ? NULL : page_b_record_new(sizeof *block);
	bool placed = false;

	if (block != NULL) {
		block->size = size;
		block->live = true;
		backtrace_take(&block->taken);
		placed = place(block, alignment < 16 ? 16 : alignment, use);
	}
	if (placed)
		return (void *)block->ptr;
	if (block != NULL)
		page_b_record_free(block, sizeof *block);
	errno = ENOMEM;
	return NULL;
}

/* --- Kept, and given back --------------------------------------------------------------------- */

/* Gives the cell of a freed block back, and its record; or once it is not claimed any more. */
static void give_back(struct guarded *block, enum heap_contents contents)
{
	if (!guards_leave(block)) {
		block->contents = (uint8_t)contents;
		block->waits = waiting;
		waiting = block;
		return;
	}
	if (block->opened && contents == HEAP_ZERO)
		contents = HEAP_DIRTY;
	if (block->fenced)
		os_guard_release();
	guards_note(block->cell, block->cell_bytes, NULL);
	heap_give(heap_process, (void *)block->cell, HEAP_BLOCK, contents);
	page_b_record_free(block, sizeof *block);
}

/* What waited, as far as it is no longer claimed. */
static void waiting_give_back(void)
{
	struct guarded *block = waiting;

	waiting = NULL;
	while (block != NULL) {
		struct guarded *next = block->waits;
		give_back(block, block->contents);
		block = next;
	}
}

static struct guarded *oldest_take(void)
{
	struct guarded *oldest = kept[kept_first];

	kept_first = (kept_first + 1) % KEPT_MAX;
	kept_count--;
	kept_bytes -= oldest->cell_bytes;
	return oldest;
}

static void newest_put(struct guarded *block)
{
	kept[(kept_first + kept_count) % KEPT_MAX] = block;
	kept_count++;
	kept_bytes += block->cell_bytes;
}

/* Returns: false where the system does not open the pages of the oldest: it is the newest then. */
static bool release_oldest(void)
{
	struct guarded *oldest = oldest_take();

	if (oldest->fenced && !os_unguard((void *)oldest->cell, oldest->cell_bytes)) {
		newest_put(oldest);
		return false;
	}
	/* What could be written to since then may hold anything. */
	give_back(oldest, oldest->closed ? HEAP_ZERO : HEAP_DIRTY);
	return true;
}

/* Makes a freed block inaccessible, and releases those that were so for long enough. */
static void keep(struct guarded *block)
{
	uintptr_t first = guards_first(block), end = guards_end(block);
	bool released = true;

	__atomic_store_n(&block->live, false, __ATOMIC_RELEASE);
	live_add(-1);
	/* It must read as zero when it comes back. */
	if (!os_purge((void *)block->cell, block->cell_bytes))
		memset((void *)first, 0, end - first);
	block->closed = block->fenced && os_guard((void *)first, end - first);
	newest_put(block);
	waiting_give_back();
	while (released &&
	       (kept_count == KEPT_MAX || (kept_bytes > kept_bytes_max && kept_count > 1)))
		released = release_oldest();
	if (kept_count == KEPT_MAX)
		give_back(oldest_take(), HEAP_LOST);
}

bool guarded_give_back(void)
{
	bool any = false;

	if (!guards_on)
		return false;
	lock_acquire(&guarded_lock);
	waiting_give_back();
	for (unsigned count = kept_count; count > 0; count--)
		any = release_oldest() || any;
	lock_release(&guarded_lock);
	return any;
}

/* --- Freed, and made larger or smaller -------------------------------------------------------- */

bool guarded_free(void *ptr)
{
	struct backtrace here = {0};

	if (!guards_at(ptr))
		return false;
	backtrace_take(&here);
	lock_acquire(&guarded_lock);
	struct guarded *block = block_at(ptr);
	bool live = block != NULL && block->live;
	if (live) {
		slack_check_around(block);
		block->freed = here;
		keep(block);
	}
	lock_release(&guarded_lock);
	return live;
}

/* The live block that starts at ptr, with the lock held. Returns: NULL, and the lock is not held. */
static struct guarded *live_lock(const void *ptr)
{
	if (!guards_at(ptr))
		return NULL;
	lock_acquire(&guarded_lock);
	struct guarded *block = block_at(ptr);
	if (block != NULL && block->live)
		return block;
	lock_release(&guarded_lock);
	return NULL;
}

void guarded_lose(void *ptr)
{
	struct guarded *block = live_lock(ptr);

	if (block == NULL)
		return;
	__atomic_store_n(&block->live, false, __ATOMIC_RELAXED);
	live_add(-1);
	give_back(block, HEAP_LOST);
	lock_release(&guarded_lock);
}

/* Moves the end of a block's accessible part. Returns: false where the system refuses to open more. */
static bool end_move(const struct guarded *block, uintptr_t end, uintptr_t wanted)
{
	if (wanted > end && block->fenced)
		return os_unguard((void *)end, wanted - end);
	if (wanted < end) {
		/* It must read as zero should the block grow again. */
		if (!os_purge((void *)wanted, end - wanted))
			memset((void *)wanted, 0, end - wanted);
		if (block->fenced)
			os_guard((void *)wanted, end - wanted);
	}
	return true;
}

/* Makes a block hold size bytes where it is, if its cell has room for them, and it does not become too small for
 * its cell. */
static bool stay(struct guarded *block, size_t size)
{
	uintptr_t end = guards_end(block), wanted = os_whole_pages(block->ptr + size);
	uintptr_t most = block->cell + block->cell_bytes - guard_bytes(block);
	unsigned char *start = (unsigned char *)block->ptr;
	size_t old = block->size;

	if (size > most - block->ptr || size < block->size / 2)
		return false;
	slack_check(start, old, end - block->ptr);
	if (!end_move(block, end, wanted))
		return false;
	if (size > old)
		memset(start + old, 0, (size < end - block->ptr ? size : end - block->ptr) - old);
	block->size = size;
	slack_fill(start, size, wanted - block->ptr);
	return true;
}

bool guarded_resize(void *ptr, size_t size)
{
	struct guarded *block = live_lock(ptr);

	if (block == NULL)
		return false;
	bool stays = stay(block, size);
	lock_release(&guarded_lock);
	return stays;
}

void guarded_shrink(const void *ptr, size_t size)
{
	struct guarded *block = live_lock(ptr);

	if (block == NULL)
		return;
	if (size < block->size) {
		uintptr_t old = guards_end(block);
		slack_check((unsigned char *)block->ptr, block->size, old - block->ptr);
		block->size = size;
		uintptr_t end = guards_end(block);
		end_move(block, old, end);
		slack_fill((unsigned char *)block->ptr, size, end - block->ptr);
	}
	lock_release(&guarded_lock);
}

/* --- Asked about ------------------------------------------------------------------------------ */

/* Looks a block up: its size, and whether it is live. Returns: false when none started at ptr. */
static bool look(const void *ptr, size_t *size, bool *live)
{
	if (!guards_at(ptr))
		return false;
	lock_acquire(&guarded_lock);
	const struct guarded *block = block_at(ptr);
	if (block != NULL) {
		*size = block->size;
		*live = block->live;
	}
	lock_release(&guarded_lock);
	return block != NULL;
}

bool guarded_find(const void *ptr, size_t *size)
{
	bool live;

	return look(ptr, size, &live) && live;
}

bool guarded_was_freed(const void *ptr)
{
	size_t size;
	bool live;

	return look(ptr, &size, &live) && !live;
}

bool guarded_origin_get(const void *ptr, uint8_t *origin)
{
	const struct guarded *block = live_lock(ptr);

	if (block == NULL)
		return false;
	*origin = block->origin;
	lock_release(&guarded_lock);
	return true;
}

bool guarded_origin_set(const void *ptr, uint8_t origin)
{
	struct guarded *block = live_lock(ptr);

	if (block == NULL)
		return false;
	block->origin = origin;
	lock_release(&guarded_lock);
	return true;
}

/* --- Start and end ---------------------------------------------------------------------------- */

runs_at_start void guarded_sweep(void)
{
	if (!guards_on || !lock_try(&guarded_lock))
		return;
	for (size_t at = 0; at < pagemap.bytes; at += HEAP_PAGE_BYTES) {
		const struct guarded *block = guards_block((void *)(pagemap.base + at));
		/* Once, at its first page. */
		if (block == NULL || block->cell != pagemap.base + at)
			continue;
		if (block->live && !__atomic_load_n(&block->opened, __ATOMIC_RELAXED))
			slack_check_around(block);
	}
	lock_release(&guarded_lock);
}

void guarded_boot(unsigned live_max, bool both_ends)
{
	lock_init(&guarded_lock, LOCK_RANK_LARGE);
	slack_boot();
	live_most = live_max;
	lays_both_ways = both_ends;
	kept_bytes_max = os_bytes_max() / KEPT_PART;
	if (kept_bytes_max > KEPT_BYTES_MAX)
		kept_bytes_max = KEPT_BYTES_MAX;
	misuse_history = guards_history;
	guarded_worth_bytes = machine_memory_bytes();
	os_mappings_max(); /* now, as the program may forbid itself to open a file */
	halloc_page_b.guarded_bytes = sizeof(struct guarded);
	halloc_page_b.guarded_live_max = live_max;
	guards_on = true;
}
