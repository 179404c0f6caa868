/*
 * guards - guarded blocks as the page map has them: found from any address in their pages, and claimed for a report.
 *
 *     kind of a block's first page:   PLAIN  ->  GUARDED  <->  GOING     is it claimed?
 *                                                               |
 *                                       PLAIN  <----------------+        no: it is given back
 *
 * Holds:  the claims; the page map leads to the record of a block, in Page B.
 * Always: record and cell of a block that is claimed stay.
 * Locks:  none, as the handler of faults may take none; who enters and leaves a block holds the lock of the room guarded.
 */
#include "guards.h"

#include <unistd.h>

bool guards_on;

static struct guarded *record(const void *ptr)
{
	return (struct guarded *)(void *)pagemap_find(ptr)->states;
}

struct guarded *guards_block(const void *ptr)
{
	return guards_at(ptr) ? record(ptr) : NULL;
}

void guards_note(uintptr_t cell, size_t bytes, struct guarded *block)
{
	struct pagemap_entry *entry = pagemap_find((void *)cell);

	for (size_t i = 0; i < bytes >> HEAP_PAGE_SHIFT; i++, entry++) {
		entry->states = (uint8_t *)block;
		__atomic_store_n(&entry->kind, block != NULL ? PAGEMAP_GUARDED : PAGEMAP_PLAIN,
		                 __ATOMIC_RELEASE);
	}
}

/* --- Claims ---------------------------------------------------------------------------------------- */

/*
 * The handler of faults takes no lock, and the block that it is about to report may be given back meanwhile. So it says
 * first which one it is, and then looks whether that is still there, and not about to go; who gives one back says so, and
 * then looks whether it is claimed: of the two, one sees the other. What is claimed waits. (Hazard pointers: Michael, 2004.)
 */
#define CLAIMS_MAX 64u

static struct guards_claim {
	pid_t thread; /* 0: it is nobody's */
	const struct guarded *block;
} claims[CLAIMS_MAX] lies_late;

static struct pagemap_entry *first_entry(const struct guarded *block)
{
	return pagemap_find((void *)__atomic_load_n(&block->cell, __ATOMIC_RELAXED));
}

/* A claim that is free; or one that its thread has left, by a jump out of the handler. */
static struct guards_claim *claim_take(void)
{
	pid_t self = gettid();

	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		pid_t nobody = 0;
		if (__atomic_compare_exchange_n(&claims[i].thread, &nobody, self, false,
		                                __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return &claims[i];
	}
	for (unsigned i = 0; i < CLAIMS_MAX; i++)
		if (__atomic_load_n(&claims[i].thread, __ATOMIC_RELAXED) == self)
			return &claims[i];
	return NULL;
}

static bool is_going(const struct guarded *block)
{
	const struct pagemap_entry *first = first_entry(block);

	return first == NULL || __atomic_load_n(&first->kind, __ATOMIC_SEQ_CST) != PAGEMAP_GUARDED;
}

/* Claims the block among whose pages ptr lies. Its record may be another's before it is claimed: so it is to be the same
 * before and behind the look at its first page. Returns: NULL when there is none any more, or it is going. */
static struct guarded *block_claim(const void *ptr, struct guards_claim *claim)
{
	struct guarded *block;

	while ((block = guards_block(ptr)) != NULL) {
		__atomic_store_n(&claim->block, block, __ATOMIC_SEQ_CST);
		if (guards_block(ptr) != block)
			continue;
		bool going = is_going(block);
		if (guards_block(ptr) == block)
			return going ? NULL : block;
	}
	return NULL;
}

static bool is_claimed(const struct guarded *block)
{
	for (unsigned i = 0; i < CLAIMS_MAX; i++)
		if (__atomic_load_n(&claims[i].block, __ATOMIC_SEQ_CST) == block)
			return true;
	return false;
}

bool guards_leave(const struct guarded *block)
{
	struct pagemap_entry *first = first_entry(block);

	__atomic_store_n(&first->kind, PAGEMAP_GOING, __ATOMIC_SEQ_CST);
	if (!is_claimed(block))
		return true;
	__atomic_store_n(&first->kind, PAGEMAP_GUARDED, __ATOMIC_SEQ_CST);
	return false;
}

/* --- Reports -------------------------------------------------------------------------------------- */

/* Returns: false when there is no block. */
static bool view_fill(struct guards_view *view, const struct guarded *block)
{
	if (block == NULL)
		return false;
	*view = (struct guards_view){
	        .start = block->ptr,
	        .size = block->size,
	        .live = __atomic_load_n(&block->live, __ATOMIC_RELAXED),
	};
	return true;
}

bool guards_find(const void *ptr, struct guards_view *view)
{
	return view_fill(view, guards_block(ptr));
}

bool guards_is_kept(const void *ptr)
{
	struct guards_view view;

	return guards_find(ptr, &view) && !view.live;
}

bool guards_is_closed(const void *ptr)
{
	const struct guarded *block = guards_block(ptr);
	uintptr_t at = (uintptr_t)ptr;

	if (block == NULL)
		return false;
	return !__atomic_load_n(&block->live, __ATOMIC_RELAXED) || at < guards_first(block) ||
	       at >= guards_end(block);
}

struct guards_claim *guards_claim(const void *ptr, struct guards_view *view)
{
	struct guards_claim *claim = claim_take();

	if (claim == NULL || view_fill(view, block_claim(ptr, claim)))
		return claim;
	guards_unclaim(claim);
	return NULL;
}

void guards_unclaim(struct guards_claim *claim)
{
	__atomic_store_n(&claim->block, NULL, __ATOMIC_SEQ_CST);
	__atomic_store_n(&claim->thread, 0, __ATOMIC_RELEASE);
}

bool guards_open(const void *ptr)
{
	struct guarded *block = record(ptr);

	__atomic_store_n(&block->opened, true, __ATOMIC_SEQ_CST);
	return os_unguard((void *)block->cell, block->cell_bytes);
}

void guards_history(const void *ptr, struct backtrace *taken, struct backtrace *freed)
{
	const struct guarded *block = guards_block(ptr);

	if (block == NULL)
		return;
	*taken = block->taken;
	if (!__atomic_load_n(&block->live, __ATOMIC_ACQUIRE))
		*freed = block->freed;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* Another thread may have given it back meanwhile, and its record went to whoever came next. */
	if (guards_block(ptr) != block)
		taken->thread = freed->thread = 0;
}
