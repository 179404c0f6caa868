/*
 * around - which block an address lies in, and whether it is live.
 *
 * Holds:  nothing.
 * Always: nothing is changed, and no lock is taken; of what is not live, or freed meanwhile, the answer may be
 *         out of date.
 * Locks:  none.
 */
#include "around.h"
#include "guards.h"
#include "heap.h"
#include "sizeclass.h"
#include "slab.h"

#include <stdint.h>

static bool nothing(const void *ptr, struct around *around)
{
	*around = (struct around){.start = (uintptr_t)ptr, .state = AROUND_NOTHING};
	return true;
}

static bool slot_around(const void *ptr, const struct pagemap_entry *entry, struct around *around)
{
	const struct sizeclass *shape = &sizeclasses[entry->sizeclass];
	uintptr_t slot = ((uintptr_t)ptr - entry->start) / shape->slot_bytes;

	if (slot >= shape->slots || entry->states[slot] == SLOT_FRESH)
		return nothing(ptr, around);
	around->start = entry->start + slot * shape->slot_bytes;
	around->bytes = shape->slot_bytes;
	around->state = entry->states[slot] == SLOT_LIVE ? AROUND_LIVE : AROUND_FREED;
	/* Only while it is live is the slab sure to stay. */
	if (entry->kind == PAGEMAP_HIDDEN && around->state == AROUND_LIVE)
		around->bytes = slab_at(ptr)->sizes[slot];
	return true;
}

static bool cell_around(const void *ptr, const struct pagemap_entry *entry, struct around *around)
{
	struct heap_view view;
	bool freed;

	if (!heap_find_unlocked(heap_process, ptr, &view, &freed) || view.kind == HEAP_HOLE)
		return false;
	if (view.kind == HEAP_SLAB ||
	    (view.kind == HEAP_FREE && !freed && entry->kind != PAGEMAP_RETIRED))
		return nothing(ptr, around);
	around->start = (uintptr_t)view.start;
	around->bytes = view.bytes;
	around->state = view.kind == HEAP_BLOCK ? AROUND_LIVE : AROUND_FREED;
	return true;
}

bool around_find(const void *ptr, struct around *around)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);
	struct guards_view view;

	if (guards_find(ptr, &view)) {
		around->start = view.start;
		around->bytes = view.size;
		around->state = view.live ? AROUND_LIVE : AROUND_FREED;
		return true;
	}
	if (pagemap_has_slab(entry))
		return slot_around(ptr, entry, around);
	return cell_around(ptr, entry, around);
}

__attribute__((noinline)) static size_t room_in_block(const void *ptr)
{
	struct around around;

	if (!around_find(ptr, &around))
		return SIZE_MAX;
	size_t at = (uintptr_t)ptr - around.start;
	return around.state == AROUND_LIVE && at < around.bytes ? around.bytes - at : 0;
}

size_t around_room(const void *ptr)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);
	const struct sizeclass *shape = &sizeclasses[entry->sizeclass];
	uint64_t rest;

	if (!pagemap_has_slab(entry))
		return room_in_block(ptr);
	uintptr_t offset = (uintptr_t)ptr - entry->start;
	uint64_t slot = sizeclass_divide(offset, shape->reciprocal, &rest);
	/* Behind the last slot lies the state that is never LIVE. */
	if (entry->states[slot] != SLOT_LIVE)
		return 0;
	size_t bytes =
	        entry->kind == PAGEMAP_HIDDEN ? slab_at(ptr)->sizes[slot] : shape->slot_bytes;
	size_t at = offset - slot * shape->slot_bytes;
	return at < bytes ? bytes - at : 0;
}
