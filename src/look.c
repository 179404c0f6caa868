/*
 * look - what lies where in a heap: its cells found by address, and shown one after the other.
 *
 * Holds:  the cell that was found last without the lock.
 * Always: nothing is changed, and a pointer that is asked for is never followed.
 * Locks:  heap->lock; none for those who may have interrupted its holder.
 */
#include "look.h"

runs_later size_t heap_block_bytes(struct heap *heap, const void *ptr)
{
	size_t bytes = 0;

	lock_acquire(&heap->lock);
	uint32_t cell = cell_starting(heap, ptr);
	if (cell != 0 && cell_at(heap, cell)->kind == HEAP_BLOCK)
		bytes = heap_bytes_of(heap, cell_at(heap, cell)->size);
	lock_release(&heap->lock);
	return bytes;
}

static struct heap_view view_of(const struct heap *heap, uint32_t cell)
{
	const struct heap_cell *seen = cell_at(heap, cell);

	return (struct heap_view){
	        .start = (void *)heap_address_of(heap, seen->offset),
	        .bytes = heap_bytes_of(heap, seen->size),
	        .kind = (enum heap_kind)seen->kind,
	};
}

bool hfindptr(struct heap *heap, const void *ptr, struct heap_view *view)
{
	size_t offset = (uintptr_t)ptr - heap->base;

	lock_acquire(&heap->lock);
	bool inside = offset < heap_bytes_of(heap, heap->granules);
	if (inside)
		*view = view_of(heap, cell_containing(heap, offset));
	lock_release(&heap->lock);
	return inside;
}

/* The cell that was found last, of many pages as a rule. */
static uint32_t cell_hint;

/* As view_of, without the lock: the start is read first, so that the rest is not older than it. */
static struct heap_view view_unlocked(const struct heap *heap, uint32_t cell)
{
	const struct heap_cell *seen = cell_at(heap, cell);
	uint32_t offset = __atomic_load_n(&seen->offset, __ATOMIC_ACQUIRE);

	return (struct heap_view){
	        .start = (void *)heap_address_of(heap, offset),
	        .bytes = heap_bytes_of(heap, __atomic_load_n(&seen->size, __ATOMIC_RELAXED)),
	        .kind = (enum heap_kind)__atomic_load_n(&seen->kind, __ATOMIC_RELAXED),
	};
}

/* Finds the block that ptr lies in, if it is the same as the last time. The record may be in use for another cell
 * meanwhile: then the page that this one started at no longer names it, since before. (With the size of an earlier cell,
 * the later one would reach over blocks behind it.) */
static bool hint_find(const struct heap *heap, size_t offset, struct heap_view *view)
{
	uint32_t cell = __atomic_load_n(&cell_hint, __ATOMIC_RELAXED);

	if (cell == 0 || cell >= heap->records)
		return false;
	*view = view_unlocked(heap, cell);
	size_t start = (uintptr_t)view->start - heap->base;
	if (view->kind != HEAP_BLOCK || offset - start >= view->bytes)
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return heap_page_first(&heap->pages[start >> heap->page_shift]) == cell;
}

/* Each heap page that a cell of the process heap starts at knows it: nothing but the pages of the cell itself is
 * looked at. */
bool heap_find_unlocked(const struct heap *heap, const void *ptr, struct heap_view *view,
                        bool *freed)
{
	size_t offset = (uintptr_t)ptr - heap->base;

	if (offset >= heap_bytes_of(heap, heap->granules))
		return false;
	*freed = false;
	if (hint_find(heap, offset, view))
		return true;
	const struct heap_page *page = &heap->pages[offset >> heap->page_shift];
	while (heap_page_first(page) == 0 && page > heap->pages) {
		*freed = *freed || (page->first & HEAP_PAGE_FREED) != 0;
		page--;
	}
	__atomic_store_n(&cell_hint, heap_page_first(page), __ATOMIC_RELAXED);
	*view = view_of(heap, heap_page_first(page));
	*freed = view->kind == HEAP_FREE && (*freed || (page->first & HEAP_PAGE_FREED) != 0);
	return true;
}

runs_seldom size_t heap_block_bytes_unlocked(const struct heap *heap, const void *ptr)
{
	struct heap_view view;
	bool freed;

	if (!heap_find_unlocked(heap, ptr, &view, &freed) || view.kind != HEAP_BLOCK)
		return 0;
	return view.start == ptr ? view.bytes : 0;
}

bool heap_was_freed(struct heap *heap, const void *ptr)
{
	size_t offset = (uintptr_t)ptr - heap->base;
	bool freed = false;

	lock_acquire(&heap->lock);
	if (offset < heap_bytes_of(heap, heap->granules) && offset % HEAP_PAGE_BYTES == 0) {
		uint32_t cell = cell_containing(heap, offset);
		freed = cell_is_free(heap, cell) &&
		        (heap->pages[offset >> heap->page_shift].first & HEAP_PAGE_FREED) != 0;
	}
	lock_release(&heap->lock);
	return freed;
}

int heap_visit(struct heap *heap, const void *from,
               int (*visit)(const struct heap_view *view, void *arg), void *arg)
{
	size_t offset = from == NULL ? 0 : (uintptr_t)from - heap->base;
	int answer = 0;

	lock_acquire(&heap->lock);
	uint32_t cell = 0;
	if (offset < heap_bytes_of(heap, heap->granules))
		cell = cell_containing(heap, offset);
	for (; cell != 0 && answer == 0; cell = cell_at(heap, cell)->next) {
		struct heap_view view = view_of(heap, cell);
		answer = visit(&view, arg);
	}
	lock_release(&heap->lock);
	return answer;
}
