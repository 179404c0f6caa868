/*
 * alloc - routes requests by size, and pointers by owner.
 *
 * Holds:  nothing but whether some block stayed larger than it was to be.
 * Always: a pointer is checked against Page B before anything else happens to it.
 * Locks:  none of its own.
 */
#include "alloc.h"
#include "boot.h"
#include "bootstrap.h"
#include "guarded.h"
#include "hardened.h"
#include "heap.h"
#include "huge.h"
#include "idle.h"
#include "limit.h"
#include "misuse.h"
#include "os.h"
#include "page_b.h"

#include <errno.h>
#include <string.h>

/* From this size on, the pages of a block that must move are moved by the system, not copied. */
#define MOVE_BYTES_MIN ((size_t)1 << 20)

/* The same where the block that they move to has huge pages. */
#define MOVE_BYTES_SURE ((size_t)8 << 20)

/* The same of a guarded one, where each page that is copied costs a page fault, as none was used before. */
#define MOVE_GUARDED_BYTES_MIN ((size_t)64 << 10)

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

static uint64_t limit_refusals(void)
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

/* After a request was not met: gives back what is kept for nothing but to be told, and where the limit may have been the
 * reason, everything idle. Returns: whether to try again. */
static bool make_room(size_t size)
{
	bool any = unlikely(guarded_on && !hardened_on && size <= ALLOC_BYTES_MAX) &&
	           sampled_give_back();

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

	if (limit_refusals() != refusals && alloc_limit_report != NULL &&
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

static void *new_block(size_t size, size_t alignment)
{
	uint64_t refusals = limit_refusals();
	int saved = errno;
	void *ptr = NULL;

	if (size <= ALLOC_BYTES_MAX)
		ptr = block_take(size, alignment);
	if (unlikely(ptr == NULL) && make_room(size))
		ptr = block_take(size, alignment);
	if (unlikely(ptr == NULL))
		return no_room(size, refusals);
	errno = saved;
	return ptr;
}

/* Tells the heap that a large block is to be written from so many bytes on. Returns: whether it is prepared for that. */
runs_seldom static bool block_fill(void *ptr, size_t from)
{
	struct tcache *tcache = tcache_hide();
	bool prepared = heap_fill(heap_process, ptr, from);

	tcache_show(tcache);
	return prepared;
}

/* As tcache_pop, with a second try, and what errno says. */
static struct slot pop_slot(unsigned class, bool larger)
{
	uint64_t refusals = limit_refusals();
	int saved = errno;
	struct slot slot = tcache_pop(class, larger);

	if (unlikely(slot.ptr == NULL) && make_room(sizeclasses[class].slot_bytes))
		slot = tcache_pop(class, larger);
	if (unlikely(slot.ptr == NULL))
		no_room(sizeclasses[class].slot_bytes, refusals);
	else
		errno = saved;
	return slot;
}

runs_seldom static void *new_hardened(size_t size, size_t alignment, bool grows)
{
	uint64_t refusals = limit_refusals();
	int saved = errno;
	void *ptr = NULL;

	if (size <= ALLOC_BYTES_MAX)
		ptr = hardened_new(size, alignment, grows);
	if (unlikely(ptr == NULL) && size <= ALLOC_BYTES_MAX && hardened_give_back())
		ptr = hardened_new(size, alignment, grows);
	if (unlikely(ptr == NULL) && make_room(size))
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

	if (size > ALLOC_BYTES_MAX || !tcache_sample_due(class))
		return NULL;
	struct tcache *tcache = tcache_hide();
	ptr = guarded_new(size, alignment, GUARDED_NEW);
	tcache_show(tcache);
	errno = saved;
	return ptr;
}

/* Of another class only where no more alignment is asked for than every slot has. */
static void *new_slot(size_t size, size_t alignment, unsigned class, bool zeroed)
{
	struct slot slot = pop_slot(class, alignment <= SIZECLASS_STEP);

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
		return new_hardened(size, alignment, false);
	if (unlikely(magazines_sample != 0)) {
		ptr = new_sampled(size, alignment, class);
		if (ptr != NULL)
			return ptr;
	}
	if (class < SIZECLASS_COUNT)
		return new_slot(size, alignment, class, zeroed);
	ptr = new_block(size, alignment);
	if (ptr == NULL)
		return NULL;
	if (zeroed)
		heap_zero(heap_process, ptr, size);
	else if (size >= HUGE_FILL_BYTES_MIN)
		block_fill(ptr, 0);
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

/* --- Taking back -------------------------------------------------------------------------------- */

/* Returns: false when no block starts at ptr. */
static bool block_free(void *ptr)
{
	struct tcache *tcache = tcache_hide();
	bool given;

	if (unlikely(guarded_at(ptr)))
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
	struct guarded_view guarded;

	*bytes = 0;
	if (unlikely(guarded_find_unlocked(ptr, &guarded))) {
		if (guarded.live && guarded.start == (uintptr_t)ptr)
			*bytes = guarded.size;
		return guarded.live && guarded.start == (uintptr_t)ptr;
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
	if (likely(!hardened_on) || hardened_origins_on || unlikely(!hardened_free_slot(ptr)))
		free_rest(ptr);
}

void alloc_free(void *ptr)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (entry != NULL)
		tcache_push(slot, entry);
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
	tcache_push(slot, entry);
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

static void block_give(void *ptr, enum heap_contents contents)
{
	struct tcache *tcache = tcache_hide();

	heap_give(heap_process, ptr, HEAP_BLOCK, contents);
	tcache_show(tcache);
}

/* Gives up a block whose pages are mapped no more. */
runs_seldom static void block_lose(void *ptr)
{
	if (!guarded_at(ptr)) {
		block_give(ptr, HEAP_LOST);
		return;
	}
	struct tcache *tcache = tcache_hide();
	guarded_lose(ptr);
	tcache_show(tcache);
}

static bool block_resize(void *ptr, size_t size)
{
	struct tcache *tcache = tcache_hide();
	bool done = heap_resize(heap_process, ptr, size);

	tcache_show(tcache);
	return done;
}

runs_seldom static bool is_exact(const void *ptr)
{
	return (hardened_on && bootstrap_state(ptr) != BOOTSTRAP_LIVE) || guarded_at(ptr);
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
	else if (ready && !hardened_on && !guarded_at(ptr) && !tcache_is_busy())
		*bytes = block_bytes(ptr);
	if (*bytes != 0 || (ready && find_exact(ptr, bytes)))
		return true;
	if (name != NULL)
		misuse_report(name, ptr, ready && guarded_was_freed(ptr));
	return false;
}

/* The bytes of the block that a request gets. */
static size_t bytes_for(size_t size, size_t alignment)
{
	unsigned class = sizeclass_of_aligned(size, alignment);

	if (class < SIZECLASS_COUNT)
		return sizeclasses[class].slot_bytes;
	return (size + HEAP_PAGE_BYTES - 1) & -HEAP_PAGE_BYTES;
}

/* A block stayed as it is, as there was no room for a smaller one: none that shrinks fails. */
static bool some_stay;

runs_seldom static void *stay(void *ptr)
{
	__atomic_store_n(&some_stay, true, __ATOMIC_RELAXED);
	return ptr;
}

/* Whether a block may have been asked for as size: realloc leaves one in place down to half of what it
 * has, unless there is no room for a smaller one, and a cell of the bootstrap buffer however small it becomes. */
static bool size_is_possible(const void *ptr, size_t bytes, size_t size, size_t alignment)
{
	if (size <= bytes && __atomic_load_n(&some_stay, __ATOMIC_RELAXED))
		return true;
	if (is_exact(ptr))
		return size == bytes;
	if (size > bytes)
		return false;
	return size >= bytes / 2 || bytes_for(size, alignment) == bytes ||
	       bytes_for(size, 1) == bytes || size == 0 || bootstrap_state(ptr) == BOOTSTRAP_LIVE;
}

runs_seldom void alloc_free_sized(void *ptr, size_t size, size_t alignment, const char *name)
{
	size_t bytes;

	if (!alloc_find(ptr, &bytes, name))
		return; /* reported */
	if (alignment == 0 || (alignment & (alignment - 1)) != 0 || (uintptr_t)ptr % alignment != 0)
		misuse_mismatch(name, ptr, "alignment", alignment);
	else if (!size_is_possible(ptr, bytes, size, alignment))
		misuse_mismatch(name, ptr, "size", size);
	else
		alloc_free(ptr);
}

/* Moves a block to a fresh one, which may be NULL. */
static void *move_by_copy(void *ptr, size_t kept, void *fresh)
{
	if (fresh == NULL)
		return NULL;
	memcpy(fresh, ptr, kept);
	alloc_free(ptr);
	return fresh;
}

/* Copies into a block that is zero: of whole pages that are zero, neither side is filled with memory. */
runs_seldom static void copy_sparsely(char *to, const char *from, size_t bytes)
{
	size_t at = -(uintptr_t)from & (os_page_bytes - 1);

	memcpy(to, from, at);
	for (; at + os_page_bytes <= bytes; at += os_page_bytes)
		if (!os_page_is_zero(from + at))
			memcpy(to + at, from + at, os_page_bytes);
	memcpy(to + at, from + at, bytes - at);
}

/* As move_by_copy of a guarded block: the system moves its pages where that is cheaper. */
runs_seldom static void *move_guarded(char *ptr, size_t kept, char *fresh)
{
	size_t pages = kept & -os_page_bytes;
	bool whole = (((uintptr_t)ptr | (uintptr_t)fresh) & (os_page_bytes - 1)) == 0;
	enum os_move moved = OS_MOVE_FAILED;

	if (fresh == NULL || pages < MOVE_GUARDED_BYTES_MIN)
		return move_by_copy(ptr, kept, fresh);
	if (whole)
		moved = os_move(ptr, fresh, pages);
	if (moved == OS_MOVE_LOST) {
		block_lose(fresh);
		errno = ENOMEM;
		return NULL;
	}
	if (moved == OS_MOVED)
		memcpy(fresh + pages, ptr + pages, kept - pages);
	else if (guarded_at(fresh) || !hardened_on)
		copy_sparsely(fresh, ptr, kept);
	else
		memcpy(fresh, ptr, kept);
	alloc_free(ptr);
	return fresh;
}

void *alloc_new_less(size_t size)
{
	int saved = errno;
	void *ptr = new_slow(size, false);

	if (unlikely(ptr == NULL))
		errno = saved;
	return ptr;
}

void *alloc_stay(void *ptr, size_t bytes, size_t size)
{
	return size <= bytes ? stay(ptr) : NULL;
}

static void *resize_by_copy(void *ptr, size_t bytes, size_t size)
{
	void *fresh = size < bytes ? alloc_new_less(size) : alloc_new(size);

	if (fresh == NULL)
		return alloc_stay(ptr, bytes, size);
	return move_by_copy(ptr, bytes < size ? bytes : size, fresh);
}

/* Has a block end earlier that has exactly the bytes that were asked for. */
runs_seldom static void exact_shrink(void *ptr, size_t size)
{
	if (tcache_is_busy() && !hardened_on) {
		stay(ptr);
		return;
	}
	struct tcache *tcache = tcache_hide();
	hardened_shrink(ptr, size);
	tcache_show(tcache);
}

/* Resizes a block that has exactly the bytes that were asked for. */
runs_seldom static void *resize_exact(void *ptr, size_t bytes, size_t size)
{
	int saved = errno;
	size_t kept = bytes < size ? bytes : size;
	bool grows = bytes >= SIZECLASS_BYTES_MAX && size > bytes;
	void *moved;

	if (hardened_on && hardened_resize(ptr, size))
		moved = ptr;
	else if (hardened_on)
		moved = move_guarded(ptr, kept, new_hardened(size, 16, grows));
	else if (kept < MOVE_GUARDED_BYTES_MIN)
		moved = move_by_copy(ptr, kept, alloc_new(size));
	else
		moved = move_guarded(ptr, kept, alloc_new_zeroed(size));
	if (unlikely(moved == NULL && size <= bytes)) {
		exact_shrink(ptr, size);
		moved = ptr;
	}
	if (moved != NULL)
		errno = saved;
	return moved;
}

/* Moves a large block that grows, under a limit: its pages move, so the limit need not have room for
 * both. Returns: NULL when the limit or the system does not let it; nothing has changed then. */
runs_seldom static void *resize_in_exchange(void *ptr, size_t bytes, size_t size)
{
	struct tcache *tcache = tcache_hide();
	void *fresh = heap_take_in_exchange(heap_process, size, bytes);
	void *old = ptr;

	if (fresh != NULL) {
		enum os_move moved = os_move(ptr, fresh, bytes);
		enum heap_contents contents = moved == OS_MOVED ? HEAP_ZERO : HEAP_DIRTY;
		if (moved == OS_MOVE_LOST)
			contents = HEAP_LOST;
		if (moved != OS_MOVED) {
			old = fresh;
			fresh = NULL;
		}
		heap_give(heap_process, old, HEAP_BLOCK, contents);
	}
	tcache_show(tcache);
	return fresh;
}

/* Moves a large block that grows: the system moves its pages where that is cheaper than copying. */
static void *resize_by_move(void *ptr, size_t bytes, size_t size)
{
	void *fresh = NULL;

	if (limit_bytes != SIZE_MAX && bytes >= MOVE_BYTES_MIN) {
		fresh = resize_in_exchange(ptr, bytes, size);
		if (fresh == NULL && make_room(size))
			fresh = resize_in_exchange(ptr, bytes, size);
		if (fresh != NULL)
			return fresh;
	}
	fresh = new_block(size, 16);
	if (fresh == NULL)
		return NULL;
	enum os_move moved = OS_MOVE_FAILED;
	if (bytes >= MOVE_BYTES_SURE || (bytes >= MOVE_BYTES_MIN && !block_fill(fresh, 0)))
		moved = os_move(ptr, fresh, bytes);
	if (moved == OS_MOVE_LOST) {
		block_give(fresh, HEAP_LOST);
		errno = ENOMEM;
		return NULL;
	}
	if (bytes >= MOVE_BYTES_SURE)
		block_fill(fresh, moved == OS_MOVED ? bytes : 0);
	if (moved == OS_MOVE_FAILED) {
		os_populate(fresh, bytes & -os_page_bytes);
		memcpy(fresh, ptr, bytes);
	}
	/* What has moved is all of it, and left zeros behind. */
	block_give(ptr, moved == OS_MOVED ? HEAP_ZERO : HEAP_DIRTY);
	return fresh;
}

void *alloc_resize(void *ptr, size_t size)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (unlikely(size > ALLOC_BYTES_MAX)) {
		size_t bytes;
		if (alloc_find(ptr, &bytes, "realloc"))
			errno = ENOMEM;
		return NULL;
	}
	if (entry != NULL) {
		size_t bytes = sizeclasses[entry->sizeclass].slot_bytes;
		if (alloc_stays(bytes, size))
			return ptr;
		return resize_by_copy(ptr, bytes, size);
	}
	int saved = errno;
	size_t bytes;
	if (!alloc_find(ptr, &bytes, "realloc"))
		return NULL;
	if (unlikely(hardened_origins_on) && !hardened_origin_fits(ptr, "realloc"))
		return NULL;
	if (unlikely(is_exact(ptr)))
		return resize_exact(ptr, bytes, size);
	if (bootstrap_state(ptr) == BOOTSTRAP_LIVE)
		return size <= bytes ? ptr : resize_by_copy(ptr, bytes, size);
	if (unlikely(tcache_is_busy()))
		return resize_by_copy(ptr, bytes, size);
	if (size <= SIZECLASS_BYTES_MAX) {
		void *copy = resize_by_copy(ptr, bytes, size);
		if (unlikely(copy == ptr))
			block_resize(ptr, size); /* its end, at least */
		return copy;
	}
	uint64_t refusals = limit_refusals();
	if (block_resize(ptr, size) ||
	    (limit_refusals() != refusals && make_room(size) && block_resize(ptr, size))) {
		errno = saved;
		return ptr;
	}
	ptr = size <= bytes ? stay(ptr) : resize_by_move(ptr, bytes, size);
	if (ptr != NULL)
		errno = saved;
	return ptr;
}

/* --- Giving back -------------------------------------------------------------------------------- */

size_t alloc_trim(void)
{
	if (!boot_ensure() || tcache_is_busy())
		return 0;
	tcache_flush_self();
	struct tcache *tcache = tcache_hide();
	size_t bytes = idle_trim(os_clock_ms());
	tcache_show(tcache);
	return bytes;
}
