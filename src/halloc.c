/*
 * halloc - the public API.
 *
 * Holds:  nothing.
 * Always: bad arguments get NULL, or -1, with EINVAL, and change nothing.
 * Locks:  none of its own.
 */
#include "../include/halloc.h"
#include "alloc.h"
#include "boot.h"
#include "dump.h"
#include "heap.h"
#include "hits.h"
#include "lock.h"
#include "os.h"

#include <errno.h>

#define GRANULE_DEFAULT ((size_t)16)

static int fail(int error)
{
	errno = error;
	return -1;
}

static void *fail_with_none(int error)
{
	errno = error;
	return NULL;
}

/* --- The process heap --------------------------------------------------------------------------- */

EXPORT void *halloc(size_t size)
{
	return hits_new(size, alloc_new);
}

EXPORT int hfree(void *ptr)
{
	struct slot slot;

	if (alloc_find_slot(ptr, &slot) != NULL) {
		hits_free(ptr);
		return 0;
	}
	return ptr == NULL || alloc_free_checked(ptr) ? 0 : fail(EINVAL);
}

EXPORT void hdefrag(void)
{
	int saved = errno;

	alloc_trim();
	errno = saved;
}

EXPORT size_t hsize(const void *ptr)
{
	return ptr == NULL ? 0 : alloc_bytes(ptr, NULL);
}

EXPORT int hprint(int fd)
{
	if (!boot_ensure())
		return fail(ENOMEM);
	if (alloc_is_interrupted())
		return fail(EBUSY);
	struct tcache *tcache = tcache_hide();
	int error = dump_process(fd);
	tcache_show(tcache);
	return error == 0 ? 0 : fail(error);
}

/* --- Heaps of a fixed size ---------------------------------------------------------------------- */

EXPORT struct heap *heap_create(size_t size, size_t granule)
{
	if (granule == 0)
		granule = GRANULE_DEFAULT;
	if ((granule & (granule - 1)) != 0 || size > PTRDIFF_MAX / 4)
		return fail_with_none(EINVAL);
	if (!boot_ensure())
		return fail_with_none(ENOMEM);
	return heap_open(os_whole_pages(size == 0 ? 1 : size), granule);
}

EXPORT void *heap_alloc(struct heap *heap, size_t size)
{
	if (heap == NULL)
		return fail_with_none(EINVAL);
	return heap_take(heap, size, 1, HEAP_BLOCK);
}

EXPORT int heap_free(struct heap *heap, void *ptr)
{
	if (heap == NULL)
		return fail(EINVAL);
	if (ptr == NULL)
		return 0;
	return heap_give(heap, ptr, HEAP_BLOCK, HEAP_DIRTY) != 0 ? 0 : fail(EINVAL);
}

EXPORT void heap_defrag(struct heap *heap)
{
	int saved = errno;

	if (heap != NULL)
		heap_purge(heap, 0, 0);
	errno = saved;
}

struct walk {
	const struct heap *heap;
	int (*visit)(const struct heap_cell_info *cell, void *arg);
	void *arg;
};

static int walk_cell(const struct heap_view *view, void *arg)
{
	const struct walk *walk = arg;
	struct heap_cell_info info = {
	        .offset = (uintptr_t)view->start - walk->heap->base,
	        .size = view->bytes,
	        .in_use = view->kind != HEAP_FREE,
	};

	return walk->visit(&info, walk->arg);
}

EXPORT int heap_walk(struct heap *heap, int (*visit)(const struct heap_cell_info *cell, void *arg),
                     void *arg)
{
	struct walk walk = {.heap = heap, .visit = visit, .arg = arg};

	if (heap == NULL || visit == NULL)
		return fail(EINVAL);
	tcache_prepare();
	lock_let_forks_pass();
	return heap_visit(heap, NULL, walk_cell, &walk);
}

EXPORT int heap_print(struct heap *heap, int fd)
{
	if (heap == NULL)
		return fail(EINVAL);
	int error = dump_heap(heap, fd);
	return error == 0 ? 0 : fail(error);
}

EXPORT void heap_destroy(struct heap *heap)
{
	if (heap != NULL && !heap_close(heap))
		errno = EINVAL;
}
