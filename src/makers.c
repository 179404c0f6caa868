/*
 * makers - notes what made a block, and holds what frees it against that.
 *
 *     slab     | slot  | slot   | slot | ...        large block: in its record
 *     origins  | new[] | malloc | new  | ...
 *
 * Holds:  whether calls are watched; the origins lie with the slabs, and with the guarded blocks.
 * Always: a block of unknown origin fits every call.
 * Locks:  the arena's, where a block that others may come by changes.
 */
#include "makers.h"
#include "guarded.h"
#include "misuse.h"
#include "quarantine.h"

bool makers_watched;
unsigned makers_opening;

enum origin makers_get(const void *ptr)
{
	struct found found;
	uint8_t origin = ORIGIN_UNKNOWN;

	if (!quarantine_find_own(ptr, &found))
		guarded_origin_get(ptr, &origin);
	else if (found.origins != NULL)
		origin = found.origins[found.at.slot];
	return origin;
}

void makers_set(const void *ptr, enum origin origin)
{
	struct found found;

	if (!quarantine_find_live(ptr, &found)) {
		guarded_origin_set(ptr, (uint8_t)origin);
		return;
	}
	if (found.at.slab->origins != NULL)
		found.at.slab->origins[found.at.slot] = (uint8_t)origin;
	lock_release(&found.quarantine->arena->lock);
}

/* With the lock, as who frees a neighbour looks at the slack. */
static void slot_shrink(void *ptr, size_t size)
{
	struct found found;

	if (!quarantine_find_live(ptr, &found))
		return;
	const struct inspected *at = &found.at;
	if (size < at->sizes[at->slot]) {
		inspect_live(at->slab, at->slot, ptr);
		at->slab->sizes[at->slot] = (uint16_t)size;
		slack_fill(ptr, size, at->room);
	}
	lock_release(&found.quarantine->arena->lock);
}

void makers_made(void *ptr, enum origin origin, size_t size)
{
	struct found found;

	if (!quarantine_find_own(ptr, &found)) {
		guarded_origin_set(ptr, (uint8_t)origin);
		guarded_shrink(ptr, size);
		return;
	}
	if (found.origins != NULL)
		found.origins[found.at.slot] = (uint8_t)origin;
	if (unlikely(size < found.at.sizes[found.at.slot]))
		slot_shrink(ptr, size);
}

const char *makers_name(enum origin origin)
{
	static const char *const names[] = {
	        [ORIGIN_UNKNOWN] = "nobody knows what",
	        [ORIGIN_EARLY] = "malloc",
	        [ORIGIN_EARLY_ALIGNED] = "aligned_alloc or the like",
	        [ORIGIN_MALLOC] = "malloc",
	        [ORIGIN_ALIGNED] = "aligned_alloc or the like",
	        [ORIGIN_NEW] = "new",
	        [ORIGIN_NEW_ARRAY] = "new[]",
	        [ORIGIN_NEW_ALIGNED] = "aligned new",
	        [ORIGIN_NEW_ARRAY_ALIGNED] = "aligned new[]",
	};

	return names[origin];
}

bool makers_fit(const void *ptr, const char *name)
{
	enum origin origin = makers_get(ptr);

	if (likely(origin <= ORIGIN_ALIGNED))
		return true;
	misuse_origin(name, ptr, makers_name(origin));
	return false;
}

bool makers_fit_sized(const void *ptr, bool aligned)
{
	enum origin origin = ORIGIN_UNKNOWN;

	if (unlikely(slab_has_origins))
		origin = makers_get(ptr);
	if (likely(aligned ? origin != ORIGIN_MALLOC && origin != ORIGIN_EARLY
	                   : origin != ORIGIN_ALIGNED && origin != ORIGIN_EARLY_ALIGNED))
		return true;
	misuse_origin(aligned ? "free_aligned_sized" : "free_sized", ptr, makers_name(origin));
	return false;
}
