/*
 * hardened - blocks under HALLOC_HARDENED=1: what can be told is told, at a price.
 *
 *     slot       | what was asked for | slack |      zero again once it is freed
 *     slab       | slot | slot | ... | rest |  guard  |
 *
 * Holds:  the quarantines of the arenas. Large blocks are guarded ones.
 * Always: free slots and slots in quarantine are zero.
 * Locks:  the arena's lock around everything that concerns its slots.
 */
#include "hardened.h"
#include "guarded.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "page_b.h"
#include "report.h"
#include "slab.h"
#include "slack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Freed slots wait, so many of them, before one of them, by chance, may be handed out again. */
#define QUARANTINE_SMALL_BYTES_MAX 1024u
#define QUARANTINE_SMALL           256u
#define QUARANTINE_LARGER          16u

#define ARENAS_USED_MAX 16u

struct quarantine {
	struct slot small[QUARANTINE_SMALL];
	struct slot larger[QUARANTINE_LARGER];
	uint64_t random;
	unsigned calls;
};

bool hardened_on;
bool hardened_origins_on;

static unsigned arenas_used;
static struct quarantine *quarantines[ARENAS_USED_MAX];
static struct arena *zero_arena; /* its slabs are inaccessible */
static struct quarantine *zero_quarantine;

/* Returns: the offset of the first byte that is not zero; bytes when all are. */
static size_t zero_damage(const unsigned char *block, size_t bytes)
{
	const uint64_t *words = (const uint64_t *)(const void *)block;
	size_t at = 0;

	while (at < bytes && words[at / sizeof *words] == 0)
		at += sizeof *words;
	while (at < bytes && block[at] == 0)
		at++;
	return at;
}

/* --- Slots -------------------------------------------------------------------------------------- */

/* A slot, found by its address. */
struct found {
	struct slab *slab;
	struct arena *arena;
	unsigned slot;
	uint32_t room;
	uint8_t *states;
};

/* Finds the slot that ptr starts, in a slab of the arena, which is locked. */
static bool slot_find(const struct arena *arena, const void *ptr, struct found *found)
{
	struct slab *slab = slab_at(ptr);
	uint64_t rest;

	if (slab == NULL || slab->arena != arena->number)
		return false;
	const struct sizeclass *shape = &sizeclasses[slab->sizeclass];
	found->slab = slab;
	found->room = shape->slot_bytes;
	uintptr_t offset = (uintptr_t)ptr - slab->start;
	found->slot = (unsigned)sizeclass_divide(offset, shape->reciprocal, &rest);
	found->states = (uint8_t *)(slab + 1);
	return rest < shape->reciprocal && found->slot < shape->slots;
}

/* As slot_find, for a live slot, whose arena is then locked; it is not where the answer is false. */
static bool slot_find_live(const void *ptr, struct found *found)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (entry == NULL || !entry->hidden)
		return false;
	found->arena = slab_arena(entry->arena);
	lock_acquire(&found->arena->lock);
	/* The slab may have gone, or another come, before the lock was ours. */
	if (slot_find(found->arena, ptr, found) && found->states[found->slot] == SLOT_LIVE)
		return true;
	lock_release(&found->arena->lock);
	return false;
}

static void slot_check(const struct found *found, unsigned slot)
{
	unsigned slots = sizeclasses[found->slab->sizeclass].slots;

	if (slot < slots && found->states[slot] == SLOT_LIVE)
		slack_check((unsigned char *)found->slab->start + (size_t)slot * found->room,
		            found->slab->sizes[slot], found->room);
}

/* Threads lie some pages apart. */
static struct arena *arena_of_thread(void)
{
	uint64_t thread = (uint64_t)pthread_self() >> 12;
	unsigned mixed = (unsigned)(thread * 0x9e3779b97f4a7c15u >> 32);

	return slab_arena(mixed % arenas_used);
}

static struct quarantine *quarantine_of(const struct arena *arena)
{
	return arena == zero_arena ? zero_quarantine : quarantines[arena->number];
}

/* Quick and not for keys: which slot comes next is what must not be plain to see. (Marsaglia: Xorshift
 * RNGs, 2003.) */
static uint64_t chance(struct quarantine *quarantine)
{
	quarantine->random ^= quarantine->random << 13;
	quarantine->random ^= quarantine->random >> 7;
	quarantine->random ^= quarantine->random << 17;
	return quarantine->random;
}

/* Looking at the clock at each call would cost more than the call. */
static bool is_time_to_tick(struct quarantine *quarantine)
{
	return ++quarantine->calls % 64 == 0;
}

static uint8_t origin_now(void)
{
	return hardened_origins_on ? ORIGIN_MALLOC : ORIGIN_UNKNOWN;
}

static void *slot_new(struct arena *arena, size_t size, unsigned class)
{
	struct quarantine *quarantine = quarantine_of(arena);
	struct slot slot;
	struct found found;

	lock_acquire(&arena->lock);
	bool taken = slab_take_held(arena, class, chance(quarantine), &slot);
	if (taken && slot_find(arena, slot.ptr, &found)) {
		unsigned char *block = slot.ptr;
		found.slab->sizes[found.slot] = (uint16_t)size;
		if (found.slab->origins != NULL)
			found.slab->origins[found.slot] = origin_now();
		if (!arena->inaccessible) {
			size_t at = zero_damage(block, found.room);
			if (at < found.room) {
				misuse_access("write after free", block, found.room, (ptrdiff_t)at,
				              "written to");
				memset(block, 0, found.room);
			}
			slack_fill(block, size, found.room);
		}
		*slot.state = SLOT_LIVE;
	}
	bool tick = is_time_to_tick(quarantine);
	lock_release(&arena->lock);
	if (tick)
		slab_tick();
	return taken ? slot.ptr : NULL;
}

/* Puts a freed slot into quarantine, and takes another out, which goes back to its slab. */
static void slot_keep(struct arena *arena, struct quarantine *quarantine, struct slot slot,
                      uint32_t room)
{
	struct slot *place;

	if (room <= QUARANTINE_SMALL_BYTES_MAX)
		place = &quarantine->small[chance(quarantine) % QUARANTINE_SMALL];
	else
		place = &quarantine->larger[chance(quarantine) % QUARANTINE_LARGER];
	struct slot leaves = *place;
	*place = slot;
	if (leaves.ptr != NULL)
		slab_return_held(arena, &leaves);
}

static bool slot_free(void *ptr)
{
	struct found found;

	if (!slot_find_live(ptr, &found))
		return false;
	struct arena *arena = found.arena;
	struct slot slot = {.ptr = ptr, .state = found.states + found.slot};
	if (!arena->inaccessible) {
		slot_check(&found, found.slot);
		slot_check(&found, found.slot + 1);
		slot_check(&found, found.slot - 1);
		memset(ptr, 0, found.room);
	}
	*slot.state = SLOT_DEAD;
	struct quarantine *quarantine = quarantine_of(arena);
	slot_keep(arena, quarantine, slot, found.room);
	bool tick = is_time_to_tick(quarantine);
	lock_release(&arena->lock);
	if (tick)
		slab_tick();
	return true;
}

/* --- All of them ---------------------------------------------------------------------------------- */

void *hardened_new(size_t size, size_t alignment)
{
	if (size == 0 && alignment <= 16)
		return slot_new(zero_arena, 0, 0);
	/* A byte more, for the zero behind it. */
	unsigned class = sizeclass_of_aligned(size + 1, alignment);
	if (class < SIZECLASS_COUNT)
		return slot_new(arena_of_thread(), size, class);
	void *ptr = guarded_new(size, alignment);
	if (ptr != NULL && unlikely(hardened_origins_on))
		guarded_origin_set(ptr, ORIGIN_MALLOC);
	slab_tick();
	return ptr;
}

bool hardened_free(void *ptr)
{
	if (unlikely(hardened_origins_on) && !hardened_origin_fits(ptr, "free"))
		return true;
	if (slot_free(ptr))
		return true;
	if (!guarded_free(ptr))
		return false;
	slab_tick();
	return true;
}

bool hardened_find(const void *ptr, size_t *size)
{
	struct found found;

	if (slot_find_live(ptr, &found)) {
		*size = found.slab->sizes[found.slot];
		lock_release(&found.arena->lock);
		return true;
	}
	return guarded_find(ptr, size);
}

bool hardened_resize(void *ptr, size_t size)
{
	struct found found;
	bool stays = false;

	if (size >= SIZECLASS_BYTES_MAX || !slot_find_live(ptr, &found))
		return false;
	if (!found.arena->inaccessible &&
	    sizeclasses[sizeclass_of(size + 1)].slot_bytes == found.room) {
		slot_check(&found, found.slot);
		size_t old = found.slab->sizes[found.slot];
		found.slab->sizes[found.slot] = (uint16_t)size;
		/* What is no longer asked for is not kept either. */
		if (size > old)
			memset((char *)ptr + old, 0, size - old);
		slack_fill(ptr, size, found.room);
		stays = true;
	}
	lock_release(&found.arena->lock);
	return stays;
}

/* --- Origins -------------------------------------------------------------------------------------- */

enum hardened_origin hardened_origin_get(const void *ptr)
{
	struct found found;
	uint8_t origin = ORIGIN_UNKNOWN;

	if (!slot_find_live(ptr, &found)) {
		guarded_origin_get(ptr, &origin);
		return origin;
	}
	if (found.slab->origins != NULL)
		origin = found.slab->origins[found.slot];
	lock_release(&found.arena->lock);
	return origin;
}

void hardened_origin_set(const void *ptr, enum hardened_origin origin)
{
	struct found found;

	if (!slot_find_live(ptr, &found)) {
		guarded_origin_set(ptr, (uint8_t)origin);
		return;
	}
	if (found.slab->origins != NULL)
		found.slab->origins[found.slot] = (uint8_t)origin;
	lock_release(&found.arena->lock);
}

const char *hardened_maker(enum hardened_origin origin)
{
	static const char *const makers[] = {
	        [ORIGIN_UNKNOWN] = "nobody knows what",
	        [ORIGIN_MALLOC] = "malloc",
	        [ORIGIN_NEW] = "new",
	        [ORIGIN_NEW_ARRAY] = "new[]",
	        [ORIGIN_NEW_ALIGNED] = "aligned new",
	        [ORIGIN_NEW_ARRAY_ALIGNED] = "aligned new[]",
	};

	return makers[origin];
}

bool hardened_origin_fits(const void *ptr, const char *name)
{
	enum hardened_origin origin = hardened_origin_get(ptr);

	if (likely(origin <= ORIGIN_MALLOC))
		return true;
	misuse_origin(name, ptr, hardened_maker(origin));
	return false;
}

static struct quarantine *quarantine_new(void)
{
	struct quarantine *quarantine = page_b_record_new(sizeof *quarantine);

	if (quarantine != NULL)
		quarantine->random = os_random() | 1;
	return quarantine;
}

bool hardened_boot(void)
{
	if (!hardened_on)
		return true;
	unsigned wanted = options.arenas != 0 ? (unsigned)options.arenas : 4 * os_cpus();
	for (unsigned i = 0; i < wanted && i < ARENAS_USED_MAX; i++) {
		if (slab_arena(i) == NULL && slab_arena_new(ARENAS_MAX) == NULL)
			break;
		quarantines[i] = quarantine_new();
		if (quarantines[i] == NULL)
			break;
		arenas_used++;
	}
	zero_arena = slab_arena_new(ARENAS_MAX);
	zero_quarantine = quarantine_new();
	if (arenas_used == 0 || zero_arena == NULL || zero_quarantine == NULL)
		return false;
	zero_arena->inaccessible = true;
	return true;
}
