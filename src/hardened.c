/*
 * hardened - blocks under HALLOC_HARDENED=1: what can be told is told, at a price.
 *
 *     slot       | what was asked for | slack |      zero again once it is freed
 *     slab       | slot | slot | ... | rest |  guard  |
 *
 * Holds:  nothing: freed slots are in quarantine, large blocks are guarded ones.
 * Always: a block that is handed out is zero, up to its slack.
 * Locks:  the arena's lock around everything that concerns its slots.
 */
#include "hardened.h"
#include "clock.h"
#include "guarded.h"
#include "idle.h"
#include "makers.h"
#include "quarantine.h"
#include "report.h"
#include "tcache.h"

#include <errno.h>
#include <string.h>

/* At exit all that waits is looked at, and so many heap pages of slabs. */
#define SWEEP_PAGES_MAX 1024u

bool hardened_on;

/* Threads lie some pages apart. Returns: NULL before the room is ready. */
static inline struct quarantine *quarantine_of_thread(void)
{
	uint64_t thread = (uintptr_t)&tcache_self >> 12;
	uint64_t mixed = thread * 0x9e3779b97f4a7c15u >> 32;
	unsigned used = __atomic_load_n(&quarantines_used, __ATOMIC_ACQUIRE);

	return used != 0 ? quarantines[mixed * used >> 32] : NULL;
}

/* Looking at the clock at each call would cost more than the call: so one in 64 does, by what was last drawn. */
static inline bool is_time_to_tick(const struct quarantine *quarantine)
{
	return unlikely(quarantine->random >> 58 == 0);
}

__attribute__((noinline)) static void tick(void)
{
	int saved = errno;

	idle_tick();
	errno = saved;
}

/* Looks at a slot that is handed out, which then is zero, and fills its slack. */
static inline void slot_prepare(const struct slab *slab, unsigned slot, unsigned char *block,
                                size_t size, size_t room)
{
	inspect_whole(slab, slot, block, room);
	if (slack_is_short(size, room)) {
		slack_pair end = slack_end(block, room - size);
		memcpy(block + room - sizeof end, &end, sizeof end);
	} else {
		slack_fill(block, size, room);
	}
}

/* Hands out one of those that are ready. Locks: the arena's is held. */
__attribute__((always_inline)) static inline void *slot_hand_out(struct quarantine *quarantine,
                                                                 struct ready *ready, size_t size)
{
	struct freed taken = ready_take(quarantine, ready);
	unsigned char *block = freed_block(taken);
	struct slab *slab = freed_slab(taken);

	slab->sizes[taken.slot] = (uint16_t)size;
	if (unlikely(slab->origins != NULL))
		slab->origins[taken.slot] = makers_malloc();
	if (likely(!quarantine->arena->inaccessible)) {
		slot_prepare(slab, taken.slot, block, size, ready->room);
		recent_check(quarantine);
	}
	slab_states(slab)[taken.slot] = SLOT_LIVE;
	return block;
}

__attribute__((always_inline)) static inline void *slot_new(struct quarantine *quarantine,
                                                            size_t size, unsigned class)
{
	struct arena *arena = quarantine->arena;
	void *block = NULL;

	lock_acquire(&arena->lock);
	struct ready *ready = ready_find(quarantine, class);
	if (likely(ready != NULL))
		block = slot_hand_out(quarantine, ready, size);
	bool ticks = is_time_to_tick(quarantine);
	lock_release(&arena->lock);
	if (ticks)
		tick();
	return block;
}

__attribute__((noinline)) static void *slot_new_anyhow(struct quarantine *quarantine, size_t size,
                                                       unsigned class)
{
	return slot_new(quarantine, size, class);
}

void *hardened_new_slot(size_t size)
{
	struct quarantine *quarantine = quarantine_of_thread();

	if (unlikely(quarantine == NULL || size - 1 >= SIZECLASS_BYTES_MAX - 1))
		return NULL;
	return slot_new(quarantine, size, sizeclass_of(size + 1));
}

/* Looks behind a block that is freed, and next to it, and clears it. */
static inline void slot_clear(const struct found *found, unsigned char *block)
{
	if (unlikely(slack_pair_any(inspect_around(&found->at, block))))
		inspect_tell_around(found->at, block);
	memset(block, 0, found->at.room);
}

bool hardened_free_slot(void *ptr)
{
	struct found found;

	if (!quarantine_find_live(ptr, &found))
		return false;
	struct quarantine *quarantine = found.quarantine;
	if (likely(!quarantine->arena->inaccessible))
		slot_clear(&found, ptr);
	found.at.states[found.at.slot] = SLOT_DEAD;
	quarantine_keep(quarantine, ptr, freed_of(ptr, found.class, found.at.slot), found.at.room);
	bool ticks = is_time_to_tick(quarantine);
	lock_release(&quarantine->arena->lock);
	if (ticks)
		tick();
	return true;
}

/* --- All of them ---------------------------------------------------------------------------------- */

void *hardened_new(size_t size, size_t alignment, bool grows)
{
	if (size == 0 && alignment <= 16)
		return slot_new_anyhow(quarantine_of_zero, 0, 0);
	/* A byte more, for the zero behind it. */
	unsigned class = SIZECLASS_COUNT;
	if (alignment > SIZECLASS_STEP)
		class = sizeclass_of_aligned(size + 1, alignment);
	else if (size < SIZECLASS_BYTES_MAX)
		class = sizeclass_of(size + 1);
	if (class < SIZECLASS_COUNT)
		return slot_new_anyhow(quarantine_of_thread(), size, class);
	void *ptr = guarded_new(size, alignment, grows ? GUARDED_GROWS : GUARDED_NEW);
	if (ptr != NULL && unlikely(slab_has_origins))
		guarded_origin_set(ptr, makers_malloc());
	idle_tick();
	return ptr;
}

bool hardened_free(void *ptr)
{
	if (unlikely(makers_watched) && !makers_fit(ptr, "free"))
		return true;
	if (hardened_free_slot(ptr))
		return true;
	if (!guarded_free(ptr))
		return false;
	idle_tick();
	return true;
}

bool hardened_find(const void *ptr, size_t *size)
{
	struct found found;

	if (!quarantine_find_own(ptr, &found))
		return guarded_find(ptr, size);
	*size = found.at.sizes[found.at.slot];
	return true;
}

bool hardened_give_back(void)
{
	bool any = guarded_give_back();

	if (quarantine_give_back())
		any = true;
	if (any)
		idle_purge(clock_ms(), 0);
	return any;
}

static bool large_resize(void *ptr, size_t size)
{
	bool stays = guarded_resize(ptr, size);

	if (stays && unlikely(slab_has_origins))
		guarded_origin_set(ptr, makers_malloc());
	return stays;
}

/* Gives a live slot another size. */
static void slot_resize(const struct inspected *at, unsigned char *block, size_t size)
{
	struct slab *slab = at->slab;
	size_t old = slab->sizes[at->slot];

	inspect_live(slab, at->slot, block);
	slab->sizes[at->slot] = (uint16_t)size;
	/* What is no longer asked for is not kept either. */
	if (size > old)
		memset(block + old, 0, size - old);
	slack_fill(block, size, at->room);
	if (unlikely(slab->origins != NULL))
		slab->origins[at->slot] = makers_malloc();
}

bool hardened_resize(void *ptr, size_t size)
{
	struct found found;

	if (size >= SIZECLASS_BYTES_MAX)
		return large_resize(ptr, size);
	if (!quarantine_find_live(ptr, &found))
		return false;
	struct arena *arena = found.quarantine->arena;
	bool stays = !arena->inaccessible &&
	             sizeclasses[sizeclass_of(size + 1)].slot_bytes == found.at.room;
	if (stays)
		slot_resize(&found.at, ptr, size);
	lock_release(&arena->lock);
	return stays;
}

runs_seldom void hardened_shrink(void *ptr, size_t size)
{
	makers_made(ptr, makers_malloc(), size);
}

/* --- At exit ------------------------------------------------------------------------------------ */

/* The slots of the slab that starts at a heap page, where one does. Returns: its heap pages. */
static unsigned slab_sweep(const struct pagemap_entry *entry, uintptr_t start)
{
	unsigned swept = 0;

	if (entry->kind != PAGEMAP_HIDDEN || entry->start != start)
		return 0;
	struct arena *arena = slab_arena(entry->arena);
	if (arena->inaccessible || !lock_try(&arena->lock))
		return 0;
	if (entry->kind == PAGEMAP_HIDDEN && entry->start == start &&
	    entry->arena == arena->number) {
		const struct slab *slab = slab_at((void *)start);
		for (unsigned slot = 0; slot < sizeclasses[slab->sizeclass].slots; slot++)
			inspect_sweep(slab, slot);
		swept = sizeclasses[slab->sizeclass].heap_pages;
	}
	lock_release(&arena->lock);
	return swept;
}

void hardened_sweep(void)
{
	unsigned swept = 0;

	quarantine_sweep();
	for (size_t at = 0; at < pagemap.bytes && swept < SWEEP_PAGES_MAX; at += HEAP_PAGE_BYTES) {
		uintptr_t start = pagemap.base + at;
		swept += slab_sweep(pagemap_find((void *)start), start);
	}
}

/* --- Start -------------------------------------------------------------------------------------- */

runs_at_start bool hardened_boot(void)
{
	return !hardened_on || quarantine_boot();
}
