/*
 * resize - makes blocks larger and smaller, and tells what size a block cannot have been asked for as.
 *
 * Holds:  whether some block stayed larger than it was to be.
 * Always: a block that is to be smaller never fails; one that fails to grow is as it was.
 * Locks:  none of its own.
 */
#include "resize.h"
#include "alloc.h"
#include "bootstrap.h"
#include "guarded.h"
#include "hardened.h"
#include "heap.h"
#include "limit.h"
#include "makers.h"
#include "misuse.h"
#include "move.h"
#include "os.h"

#include <errno.h>
#include <string.h>

/* From this size on, the pages of a block that must move are moved by the system, not copied. */
#define MOVE_BYTES_MIN ((size_t)1 << 20)

/* The same where the block that they move to has huge pages. */
#define MOVE_BYTES_SURE ((size_t)8 << 20)

/* The same of a guarded one, where each page that is copied costs a page fault, as none was used before. */
#define MOVE_GUARDED_BYTES_MIN ((size_t)64 << 10)

/* From this size on, one that must move, as it grows, has room behind it: several that grow in turn would else be moved at
 * each step, and the time be the square of their size. */
#define ROOM_BYTES_MIN ((size_t)512 << 10)

/* --- Large blocks -------------------------------------------------------------------------------- */

static void block_give(void *ptr, enum heap_contents contents)
{
	struct tcache *tcache = tcache_hide();

	heap_give(heap_process, ptr, HEAP_BLOCK, contents);
	tcache_show(tcache);
}

/* Gives up a block whose pages are mapped no more. */
runs_seldom static void block_lose(void *ptr)
{
	if (!guards_at(ptr)) {
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

/* Moves the pages of a block to one that was just handed out. */
runs_later static enum move block_move(void *ptr, void *fresh, size_t bytes)
{
	if (!heap_is_zero(heap_process, fresh, bytes) && !os_purge(fresh, bytes))
		return MOVE_FAILED;
	return move_range(ptr, fresh, bytes);
}

runs_later static bool is_exact(const void *ptr)
{
	return (hardened_on && bootstrap_state(ptr) != BOOTSTRAP_LIVE) || guards_at(ptr);
}

/* --- What a block may have been asked for as ------------------------------------------------------- */

/* The bytes of the block that a request gets; one of no bytes gets some, too. As memalign has it, malloc serves what wants no
 * more than its own alignment. */
static size_t bytes_for(size_t size, size_t alignment)
{
	unsigned class = alignment <= SIZECLASS_STEP && size <= SIZECLASS_BYTES_MAX
	                         ? sizeclass_of(size)
	                         : sizeclass_of_aligned(size, alignment);

	if (class < SIZECLASS_COUNT)
		return sizeclasses[class].slot_bytes;
	return ((size == 0 ? 1 : size) + HEAP_PAGE_BYTES - 1) & -HEAP_PAGE_BYTES;
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
	       bytes_for(size, 1) == bytes || bootstrap_state(ptr) == BOOTSTRAP_LIVE;
}

runs_seldom void resize_free_sized(void *ptr, size_t size, size_t alignment, const char *name)
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

/* --- Moving, and staying ------------------------------------------------------------------------- */

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
	enum move moved = MOVE_FAILED;

	if (fresh == NULL || pages < MOVE_GUARDED_BYTES_MIN)
		return move_by_copy(ptr, kept, fresh);
	if (whole)
		moved = move_range(ptr, fresh, pages);
	if (moved == MOVE_LOST) {
		block_lose(fresh);
		errno = ENOMEM;
		return NULL;
	}
	if (moved == MOVE_DONE)
		memcpy(fresh + pages, ptr + pages, kept - pages);
	else if (guards_at(fresh) || !hardened_on)
		copy_sparsely(fresh, ptr, kept);
	else
		memcpy(fresh, ptr, kept);
	alloc_free(ptr);
	return fresh;
}

void *resize_stay(void *ptr, size_t bytes, size_t size)
{
	return size <= bytes ? stay(ptr) : NULL;
}

static void *resize_by_copy(void *ptr, size_t bytes, size_t size)
{
	void *fresh = size < bytes ? alloc_new_less(size) : alloc_new(size);

	if (fresh == NULL)
		return resize_stay(ptr, bytes, size);
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
		moved = move_guarded(ptr, kept, alloc_new_hardened(size, 16, grows));
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

/* Moves the pages of a block to another, and gives up the one of the two that is not needed any more.
 * Returns: false when they could not be moved: that is the other. */
runs_seldom static bool block_exchange(void *ptr, void *fresh, size_t bytes)
{
	enum move moved = block_move(ptr, fresh, bytes);

	if (moved == MOVE_DONE)
		heap_give(heap_process, ptr, HEAP_BLOCK, HEAP_ZERO);
	else
		heap_give(heap_process, fresh, HEAP_BLOCK,
		          moved == MOVE_LOST ? HEAP_LOST : HEAP_DIRTY);
	return moved == MOVE_DONE;
}

/* Moves a large block that grows, under a limit: its pages move, so the limit need not have room for
 * both. Returns: NULL when the limit or the system does not let it; nothing has changed then. */
runs_seldom static void *resize_in_exchange(void *ptr, size_t bytes, size_t size)
{
	struct tcache *tcache = tcache_hide();
	void *fresh = heap_take_in_exchange(heap_process, size, bytes);

	if (fresh != NULL && !block_exchange(ptr, fresh, bytes))
		fresh = NULL;
	tcache_show(tcache);
	return fresh;
}

/* A block for one that grows to size bytes, with room to grow on where addresses and memory are free. */
runs_later static void *new_with_room(size_t size)
{
	bool is_free = limit_bytes == SIZE_MAX && !os_memory_is_limited;
	void *ptr = NULL;

	if (is_free && size >= ROOM_BYTES_MIN)
		ptr = alloc_new_block(size + size / HEAP_ROOM_PART, 16);
	if (ptr == NULL)
		return alloc_new_block(size, 16);
	struct tcache *tcache = tcache_hide();
	heap_keep_room(heap_process, ptr, size);
	tcache_show(tcache);
	return ptr;
}

/* Brings what a large block holds to a fresh one: the system moves its pages where that is cheaper than copying. */
static enum move block_bring(void *ptr, void *fresh, size_t bytes)
{
	enum move moved = MOVE_FAILED;

	if (bytes >= MOVE_BYTES_SURE || (bytes >= MOVE_BYTES_MIN && !alloc_block_fill(fresh, 0)))
		moved = block_move(ptr, fresh, bytes);
	if (moved != MOVE_LOST && bytes >= MOVE_BYTES_SURE)
		alloc_block_fill(fresh, moved == MOVE_DONE ? bytes : 0);
	if (moved == MOVE_FAILED) {
		os_populate(fresh, bytes & -os_page_bytes);
		memcpy(fresh, ptr, bytes);
	}
	return moved;
}

/* Moves a large block that grows. */
static void *resize_by_move(void *ptr, size_t bytes, size_t size)
{
	void *fresh = NULL;

	if (limit_bytes != SIZE_MAX && bytes >= MOVE_BYTES_MIN) {
		fresh = resize_in_exchange(ptr, bytes, size);
		if (fresh == NULL && alloc_make_room(size))
			fresh = resize_in_exchange(ptr, bytes, size);
		if (fresh != NULL)
			return fresh;
	}
	fresh = new_with_room(size);
	if (fresh == NULL)
		return NULL;
	enum move moved = block_bring(ptr, fresh, bytes);
	if (moved == MOVE_LOST) {
		block_give(fresh, HEAP_LOST);
		errno = ENOMEM;
		return NULL;
	}
	/* What has moved is all of it, and left zeros behind. */
	block_give(ptr, moved == MOVE_DONE ? HEAP_ZERO : HEAP_DIRTY);
	return fresh;
}

/* Resizes a large block: where it is, if it can be. */
static void *resize_large(void *ptr, size_t bytes, size_t size)
{
	uint64_t refusals = alloc_refusals();
	int saved = errno;

	if (size <= SIZECLASS_BYTES_MAX) {
		void *copy = resize_by_copy(ptr, bytes, size);
		if (unlikely(copy == ptr))
			block_resize(ptr, size); /* its end, at least */
		return copy;
	}
	if (!block_resize(ptr, size) &&
	    (alloc_refusals() == refusals || !alloc_make_room(size) || !block_resize(ptr, size)))
		ptr = size <= bytes ? stay(ptr) : resize_by_move(ptr, bytes, size);
	if (ptr != NULL)
		errno = saved;
	return ptr;
}

/* Resizes what is no slot. */
static void *resize_other(void *ptr, size_t bytes, size_t size)
{
	if (unlikely(makers_watched) && !makers_fit(ptr, "realloc"))
		return NULL;
	if (unlikely(is_exact(ptr)))
		return resize_exact(ptr, bytes, size);
	if (bootstrap_state(ptr) == BOOTSTRAP_LIVE)
		return size <= bytes ? ptr : resize_by_copy(ptr, bytes, size);
	if (unlikely(tcache_is_busy()))
		return resize_by_copy(ptr, bytes, size);
	return resize_large(ptr, bytes, size);
}

void *resize_block(void *ptr, size_t size)
{
	struct slot slot;
	size_t bytes;

	if (!alloc_find(ptr, &bytes, "realloc"))
		return NULL;
	if (unlikely(size > ALLOC_BYTES_MAX)) {
		errno = ENOMEM;
		return NULL;
	}
	if (alloc_find_slot(ptr, &slot) == NULL)
		return resize_other(ptr, bytes, size);
	return resize_stays(bytes, size) ? ptr : resize_by_copy(ptr, bytes, size);
}
