/*
 * alloc - routes requests by size, and pointers by owner.
 *
 * Holds:  nothing.
 * Always: a pointer is checked against Page B before anything else happens to it.
 * Locks:  none of its own.
 */
#include "alloc.h"
#include "boot.h"
#include "bootstrap.h"
#include "clock.h"
#include "guarded.h"
#include "hardened.h"
#include "heap.h"
#include "huge.h"
#include "idle.h"
#include "limit.h"
#include "makers.h"
#include "misses.h"
#include "misuse.h"
#include "page_b.h"
#include "sampling.h"

#include <errno.h>
#include <string.h>

/* --- Requests that are served apart ---------------------------------------------------------------- */

__attribute__((noinline)) static bool serve_from_buffer(size_t size, size_t alignment, void **ptr)
{
	bool ready = boot_is_ready();

	if (ready || boot_is_here() || !boot_started)
		*ptr = bootstrap_new(size, alignment);
	if (*ptr == NULL && !ready && boot_ensure())
		return false;
	if (*ptr == NULL)
		errno = ENOMEM;
	return true;
}

/* A request that comes before the heap stands, or back in: while it is being built, or from a signal handler that has
 * interrupted another one. Returns: false when the heap stands, and is to serve it. */
static inline bool serve_apart(size_t size, size_t alignment, void **ptr)
{
	*ptr = NULL;
	if (likely(boot_is_ready() && !tcache_is_busy()))
		return false;
	return serve_from_buffer(size, alignment, ptr);
}

/* --- Handing out -------------------------------------------------------------------------------- */

void (*alloc_limit_report)(size_t bytes);

uint64_t alloc_refusals(void)
{
	return __atomic_load_n(&halloc_page_b.limit_refusals, __ATOMIC_RELAXED);
}

/* Freed blocks that were sampled are kept where nobody may touch them: for want of memory they go. */
runs_seldom static bool sampled_give_back(void)
{
	struct tcache *tcache = tcache_hide();
	bool any = guarded_give_back();
	tcache_show(tcache);
	return any;
}

/* Whether freed blocks that are kept are worth giving back for a request that was refused. Not for one that is too large in
 * any case: else whoever has a program ask for too much empties the quarantine. */
runs_seldom static bool may_ever_fit(size_t size)
{
	return size <= limit_bytes && size <= guarded_worth_bytes &&
	       size <= heap_bytes_of(heap_process, heap_process->granules_max);
}

bool alloc_make_room(size_t size)
{
	bool any = unlikely(guards_on && !hardened_on) && may_ever_fit(size) && sampled_give_back();

	if (likely(limit_bytes == SIZE_MAX) || size > limit_bytes)
		return any;
	alloc_trim();
	return true;
}

/* A request of size bytes fails; before it, so many were refused. Tells about the limit, the first time that it is the
 * reason. */
__attribute__((noinline, cold)) static void *no_room(size_t size, uint64_t refusals)
{
	static bool told;

	if (alloc_refusals() != refusals && alloc_limit_report != NULL &&
	    !__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		alloc_limit_report(size);
	errno = ENOMEM;
	return NULL;
}

static void *block_take(size_t size, size_t alignment)
{
	struct tcache *tcache = tcache_hide();
	void *ptr = heap_take(heap_process, size, alignment, HEAP_BLOCK);

	if (ptr != NULL)
		idle_tick();
	tcache_show(tcache);
	return ptr;
}

void *alloc_new_block(size_t size, size_t alignment)
{
	uint64_t refusals = alloc_refusals();
	int saved = errno;
	void *ptr = NULL;

	if (size <= ALLOC_BYTES_MAX)
		ptr = block_take(size, alignment);
	if (unlikely(ptr == NULL) && alloc_make_room(size))
		ptr = block_take(size, alignment);
	if (unlikely(ptr == NULL))
		return no_room(size, refusals);
	errno = saved;
	return ptr;
}

runs_later bool alloc_block_fill(void *ptr, size_t from)
{
	struct tcache *tcache = tcache_hide();
	bool prepared = heap_fill(heap_process, ptr, from);

	tcache_show(tcache);
	return prepared;
}

/* As misses_pop, with a second try, and what errno says. */
static struct slot pop_slot(unsigned class)
{
	uint64_t refusals = alloc_refusals();
	int saved = errno;
	struct slot slot = misses_pop(class);

	if (unlikely(slot.ptr == NULL) && alloc_make_room(sizeclasses[class].slot_bytes))
		slot = misses_pop(class);
	if (unlikely(slot.ptr == NULL))
		no_room(sizeclasses[class].slot_bytes, refusals);
	else
		errno = saved;
	return slot;
}

runs_seldom void *alloc_new_hardened(size_t size, size_t alignment, bool grows)
{
	uint64_t refusals = alloc_refusals();
	int saved = errno;
	void *ptr = NULL;

	if (size <= ALLOC_BYTES_MAX)
		ptr = hardened_new(size, alignment, grows);
	if (unlikely(ptr == NULL) && may_ever_fit(size) && hardened_give_back())
		ptr = hardened_new(size, alignment, grows);
	if (unlikely(ptr == NULL) && alloc_make_room(size))
		ptr = hardened_new(size, alignment, grows);
	if (unlikely(ptr == NULL))
		return no_room(size, refusals);
	errno = saved;
	return ptr;
}

/* The block for a request that is to be sampled; class SIZECLASS_COUNT: a large one. Returns: NULL for all
 * others, and where there is no room for one. */
runs_seldom static void *new_sampled(size_t size, size_t alignment, unsigned class)
{
	int saved = errno;
	void *ptr = NULL;

	if (size > ALLOC_BYTES_MAX || !misses_sample_due(class))
		return NULL;
	struct tcache *tcache = tcache_hide();
	ptr = guarded_new(size, alignment, GUARDED_NEW);
	tcache_show(tcache);
	if (ptr == NULL)
		page_b_count(&halloc_page_b.samples_missed, 1);
	errno = saved;
	return ptr;
}

static void *new_slot(size_t size, unsigned class, bool zeroed)
{
	struct slot slot = pop_slot(class);

	if (slot.ptr == NULL)
		return NULL;
	if (zeroed && *slot.state != SLOT_FRESH)
		memset(slot.ptr, 0, size);
	*slot.state = SLOT_LIVE;
	return slot.ptr;
}

/* The class of size bytes; SIZECLASS_COUNT: a large block. */
static unsigned class_of(size_t size)
{
	return size <= SIZECLASS_BYTES_MAX ? sizeclass_of(size) : SIZECLASS_COUNT;
}

/* A block for a request that the thread has nothing at hand for; class SIZECLASS_COUNT: a large one. Those from elsewhere
 * are zero as they come: the bootstrap buffer is never used twice. */
__attribute__((noinline)) static void *new_rest(size_t size, size_t alignment, unsigned class,
                                                bool zeroed)
{
	void *ptr;

	if (serve_apart(size, alignment, &ptr))
		return ptr;
	if (unlikely(hardened_on))
		return alloc_new_hardened(size, alignment, false);
	if (unlikely(sampling_one_in != 0)) {
		ptr = new_sampled(size, alignment, class);
		if (ptr != NULL)
			return ptr;
	}
	if (class < SIZECLASS_COUNT)
		return new_slot(size, class, zeroed);
	ptr = alloc_new_block(size, alignment);
	if (ptr == NULL)
		return NULL;
	if (zeroed)
		heap_zero(heap_process, ptr, size);
	else if (size >= HUGE_FILL_BYTES_MIN)
		alloc_block_fill(ptr, 0);
	return ptr;
}

/* As new_rest, of the size class of size bytes. */
static void *new_slow(size_t size, bool zeroed)
{
	void *ptr = unlikely(hardened_on) ? hardened_new_slot(size) : NULL;

	return ptr != NULL ? ptr : new_rest(size, 16, class_of(size), zeroed);
}

void *alloc_new(size_t size)
{
	return new_slow(size, false);
}

void *alloc_new_zeroed(size_t size)
{
	return new_slow(size, true);
}

void *alloc_new_aligned(size_t size, size_t alignment)
{
	return new_rest(size, alignment, sizeclass_of_aligned(size, alignment), false);
}

void *alloc_new_less(size_t size)
{
	int saved = errno;
	void *ptr = new_slow(size, false);

	if (unlikely(ptr == NULL))
		errno = saved;
	return ptr;
}

/* --- Taking back -------------------------------------------------------------------------------- */

/* Returns: false when no block starts at ptr. */
static bool block_free(void *ptr)
{
	struct tcache *tcache = tcache_hide();
	bool given;

	if (unlikely(guards_at(ptr)))
		given = guarded_free(ptr);
	else
		given = heap_give(heap_process, ptr, HEAP_BLOCK, HEAP_DIRTY) != 0;
	if (given)
		idle_tick();
	tcache_show(tcache);
	return given;
}

/* In a signal handler that has interrupted the heap nothing is locked: whether a block starts at ptr, which its thread
 * knows to be live, and its bytes. */
runs_seldom static bool find_interrupted(const void *ptr, size_t *bytes)
{
	struct guards_view guarded;

	if (unlikely(guards_find(ptr, &guarded))) {
		bool starts = guarded.live && guarded.start == (uintptr_t)ptr;
		*bytes = starts ? guarded.size : 0;
		return starts;
	}
	*bytes = heap_block_bytes_unlocked(heap_process, ptr);
	return *bytes != 0;
}

/* Frees what is not a live slot: a large block, or a cell of the bootstrap buffer. */
static bool free_other(void *ptr)
{
	if (bootstrap_state(ptr) == BOOTSTRAP_LIVE)
		return bootstrap_free(ptr);
	if (!boot_is_ready())
		return false;
	if (unlikely(hardened_on))
		return hardened_free(ptr);
	size_t bytes;
	if (tcache_is_busy())
		return find_interrupted(ptr, &bytes); /* it is lost */
	return block_free(ptr);
}

__attribute__((noinline)) static void free_rest(void *ptr)
{
	int saved = errno;

	if (ptr != NULL && !free_other(ptr))
		misuse_report("free", ptr, guarded_was_freed(ptr));
	errno = saved;
}

void alloc_free_rest(void *ptr)
{
	if (likely(!hardened_on) || makers_watched || unlikely(!hardened_free_slot(ptr)))
		free_rest(ptr);
}

void alloc_free(void *ptr)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (entry != NULL)
		misses_push(slot, entry);
	else
		alloc_free_rest(ptr);
}

runs_seldom bool alloc_free_checked(void *ptr)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (entry == NULL) {
		int saved = errno;
		bool freed = free_other(ptr);
		errno = saved;
		return freed;
	}
	misses_push(slot, entry);
	return true;
}

/* --- Sizes -------------------------------------------------------------------------------------- */

/* Whether a block starts at ptr that has the very bytes that were asked for. */
static bool find_exact(const void *ptr, size_t *bytes)
{
	if (unlikely(tcache_is_busy() && !hardened_on))
		return find_interrupted(ptr, bytes);
	struct tcache *tcache = tcache_hide();
	bool found = unlikely(hardened_on) ? hardened_find(ptr, bytes) : guarded_find(ptr, bytes);

	tcache_show(tcache);
	return found;
}

static size_t block_bytes(const void *ptr)
{
	struct tcache *tcache = tcache_hide();
	size_t bytes = heap_block_bytes(heap_process, ptr);

	tcache_show(tcache);
	return bytes;
}

bool alloc_find(const void *ptr, size_t *bytes, const char *name)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);
	bool ready = boot_is_ready();

	*bytes = 0;
	if (entry != NULL)
		*bytes = sizeclasses[entry->sizeclass].slot_bytes;
	else if (bootstrap_state(ptr) == BOOTSTRAP_LIVE)
		*bytes = bootstrap_bytes(ptr);
	else if (ready && !hardened_on && !guards_at(ptr) && !tcache_is_busy())
		*bytes = block_bytes(ptr);
	if (*bytes != 0 || (ready && find_exact(ptr, bytes)))
		return true;
	if (name != NULL)
		misuse_report(name, ptr, ready && guarded_was_freed(ptr));
	return false;
}

/* --- Giving back -------------------------------------------------------------------------------- */

/* In hardened mode a thread does not hide its cache wherever it takes a lock. One that is alone holds none that it has not
 * noted. */
runs_seldom bool alloc_is_interrupted(void)
{
	bool busy = tcache_is_busy();

	return (busy && !lock_is_alone()) || ((busy || hardened_on) && lock_held() != NULL);
}

size_t alloc_trim(void)
{
	if (!boot_ensure() || tcache_is_busy() || (hardened_on && alloc_is_interrupted()))
		return 0;
	tcache_flush_self();
	struct tcache *tcache = tcache_hide();
	size_t bytes = idle_trim(clock_ms());
	tcache_show(tcache);
	return bytes;
}
