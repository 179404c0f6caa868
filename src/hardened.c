/*
 * hardened - blocks under HALLOC_HARDENED=1: what can be told is told, at a price.
 *
 *     slot       | what was asked for | slack |      zero again once it is freed
 *     slab       | slot | slot | ... | rest |  guard  |
 *
 *     free: among the last freed -> in quarantine, so long as chance has it -> ready, or in its slab
 *     malloc: one of those that are ready, by chance; where few are, out of a slab by chance
 *
 * Holds:  the quarantines of the arenas, and the slots that are ready. Large blocks are guarded ones.
 * Always: slots that are free, in quarantine or ready are zero.
 * Locks:  the arena's lock around everything that concerns its slots.
 */
#include "hardened.h"
#include "guarded.h"
#include "idle.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "page_b.h"
#include "report.h"
#include "slab.h"
#include "slack.h"
#include "slots.h"
#include "tcache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Freed slots are looked at again whenever one is handed out, the last so many; then they wait, so many of
 * them, before one of them, by chance, may be handed out again. */
#define RECENT                     2u
#define QUARANTINE_SMALL_CLASS_MAX 31u /* 1024 bytes */
#define QUARANTINE_SMALL           256u
#define QUARANTINE_LARGER          16u

/* So much of a slot is looked at while it is among the last that were freed, and so much of a free slot when
 * the block next to it is freed. All of it is when it is handed out. */
#define RECENT_BYTES    64u
#define NEIGHBOUR_BYTES 32u

/* So many slots of a class, or so many bytes of them, are ready at most. */
#define READY_SLOTS_MAX 32u
#define READY_BYTES_MAX 16384u

/* To hand out a slot up to this size touches mostly all of its pages, at its start and in its slack. */
#define POPULATE_SLOT_BYTES_MAX 5120u

#define ARENAS_USED_MAX 16u

/* At exit all that waits is looked at, and so many heap pages of slabs. */
#define SWEEP_PAGES_MAX 1024u

#define UNIT_BITS  44
#define CLASS_BITS 7
#define SLOT_BITS  12

/* A slot that is outside of its slab, though nobody's: a word, as there are many. */
struct freed {
	uint64_t unit : UNIT_BITS; /* where it starts in Page A, by steps of 16 bytes */
	uint64_t class : CLASS_BITS;
	uint64_t slot : SLOT_BITS;
	uint64_t used : 1; /* 0: there is none */
};

_Static_assert(sizeof(struct freed) == sizeof(uint64_t), "a word");
_Static_assert(SIZECLASS_COUNT <= 1 << CLASS_BITS, "classes have room");
_Static_assert(HEAP_PAGE_BYTES / SIZECLASS_STEP <= 1 << SLOT_BITS, "slots have room");

/* One of the last that were freed. */
struct recent {
	const unsigned char *block; /* some zeros, where there is none */
	struct freed freed;
	size_t last; /* where the last 16 bytes that are to be looked at begin */
};

/* To take one out of these costs a tenth of what it costs to take one out of a slab. The next is drawn in
 * time for its memory to come into the caches: its number is below count, or 0. */
struct ready {
	uint32_t room;
	unsigned count;
	unsigned least; /* with so many and no more, some are to come out of the slabs */
	unsigned most;
	unsigned next;
	bool again; /* not the first slab of the class */
	struct freed slots[READY_SLOTS_MAX];
};

struct quarantine {
	struct arena *arena;
	uint64_t random;
	unsigned next_recent;
	struct recent recent[RECENT];         /* a ring: the oldest at next_recent */
	struct ready *ready[SIZECLASS_COUNT]; /* NULL: there was none yet */
	struct freed small[QUARANTINE_SMALL];
	struct freed larger[QUARANTINE_LARGER];
};

bool hardened_on;
bool hardened_origins_on;
unsigned hardened_opening;

static unsigned arenas_used;               /* 0 until the room is ready */
static struct quarantine *zero_quarantine; /* its slabs are inaccessible */

/* By the numbers of their arenas. */
static struct quarantine *quarantines[ARENAS_USED_MAX + 1] lies_late;

static inline size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Any bit of the first bytes, a multiple of 16, up to 64, of which the last 16 begin at last; some are looked at
 * more than once, as that takes no branch. */
static inline slack_pair any_of_few(const unsigned char *start, size_t last)
{
	return (slack_pair_at(start) | slack_pair_at(start + least_of(last, 16))) |
	       (slack_pair_at(start + least_of(last, 32)) | slack_pair_at(start + last));
}

/* Any bit of bytes, a multiple of 16. */
static inline slack_pair any_of(const unsigned char *start, size_t bytes)
{
	if (bytes <= 64)
		return any_of_few(start, bytes - 16);
	const unsigned char *last = start + bytes - 64;
	slack_pair any = any_of_few(last, 48);
	for (; start < last; start += 64)
		any |= any_of_few(start, 48);
	return any;
}

/* --- Slots -------------------------------------------------------------------------------------- */

/* A slot, found by its address. */
struct found {
	struct slab *slab;
	struct quarantine *quarantine;
	unsigned slot;
	unsigned slots; /* in the slab */
	uint32_t room;
	uint8_t class;
	uint8_t *states;
	const uint16_t *sizes;
	uint8_t *origins; /* of slot_find_own alone */
};

static inline struct freed freed_of(const unsigned char *block, unsigned class, unsigned slot)
{
	uint64_t unit = ((uintptr_t)block - pagemap.base) / SIZECLASS_STEP;

	return (struct freed){.unit = unit & (((uint64_t)1 << UNIT_BITS) - 1),
	                      .class = class & ((1u << CLASS_BITS) - 1),
	                      .slot = slot & ((1u << SLOT_BITS) - 1),
	                      .used = 1};
}

static inline unsigned char *freed_block(struct freed freed)
{
	return (unsigned char *)pagemap.base + (size_t)freed.unit * SIZECLASS_STEP;
}

static inline struct slab *freed_slab(struct freed freed)
{
	const struct pagemap_entry *entry =
	        pagemap.entries + (freed.unit * SIZECLASS_STEP >> HEAP_PAGE_SHIFT);

	return (struct slab *)(void *)entry->states - 1;
}

static uint32_t room_of(const struct slab *slab)
{
	return sizeclasses[slab->sizeclass].slot_bytes;
}

static unsigned char *block_of(const struct slab *slab, unsigned slot)
{
	return (unsigned char *)slab->start + (size_t)slot * room_of(slab);
}

/* Finds the live slot that ptr starts, in a slab of the quarantine's arena, which is locked where the slot may
 * go. */
static inline bool slot_find(struct quarantine *quarantine, const struct pagemap_entry *entry,
                             const void *ptr, struct found *found)
{
	uint64_t rest;

	if (entry->kind != PAGEMAP_HIDDEN || entry->arena != quarantine->arena->number)
		return false;
	const struct sizeclass *shape = &sizeclasses[entry->sizeclass];
	uint64_t slot = sizeclass_divide((uintptr_t)ptr - entry->start, shape->reciprocal, &rest);
	if (rest >= shape->reciprocal || slot >= shape->slots || entry->states[slot] != SLOT_LIVE)
		return false;
	found->slab = (struct slab *)(void *)entry->states - 1;
	found->quarantine = quarantine;
	found->slot = (unsigned)slot;
	found->slots = shape->slots;
	found->class = entry->sizeclass;
	found->room = shape->slot_bytes;
	found->states = entry->states;
	found->sizes = found->slab->sizes;
	return true;
}

/* Has the memory come that free looks at: both ends of the block, and those ends of its neighbours where
 * slack is. Inline always: gcc leaves out calls of a function that does nothing else. */
__attribute__((always_inline)) static inline void look_ahead(const char *block, uint32_t room)
{
	__builtin_prefetch(block, 1);
	__builtin_prefetch(block + room - 1, 1);
	__builtin_prefetch(block - 1);
	__builtin_prefetch(block + 2 * (size_t)room - 1);
}

/* As slot_find, of whichever arena, which is then locked; it is not where the answer is false. */
__attribute__((always_inline)) static inline bool slot_find_live(const void *ptr,
                                                                 struct found *found)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (entry == NULL || entry->kind != PAGEMAP_HIDDEN)
		return false;
	struct quarantine *quarantine = quarantines[entry->arena];
	look_ahead(ptr, sizeclasses[entry->sizeclass].slot_bytes);
	lock_acquire(&quarantine->arena->lock);
	/* The slab may have gone, or another come, before the lock was ours. */
	if (likely(slot_find(quarantine, entry, ptr, found)))
		return true;
	lock_release(&quarantine->arena->lock);
	return false;
}

/* As slot_find_live, and nothing is locked: nobody but who asks is to free the block. If somebody does all the
 * same, sizes and origins are still of Page B, and may be read. */
static inline bool slot_find_own(const void *ptr, struct found *found)
{
	const struct pagemap_entry *entry = pagemap_find(ptr);

	if (entry == NULL || entry->kind != PAGEMAP_HIDDEN)
		return false;
	if (!slot_find(quarantines[entry->arena], entry, ptr, found))
		return false;
	found->origins = found->slab->origins;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return entry->states == found->states && entry->kind == PAGEMAP_HIDDEN &&
	       found->states[found->slot] == SLOT_LIVE;
}

/* Bytes of a free slot were found not to be zero: clears the slot, and tells of the first. */
__attribute__((noinline, cold)) static void slot_tell(const struct slab *slab, unsigned slot)
{
	unsigned char *block = block_of(slab, slot);
	uint32_t at = 0;

	while (at + 1 < room_of(slab) && block[at] == 0)
		at++;
	const char *crime =
	        slab_states(slab)[slot] == SLOT_DEAD ? "write after free" : "stray write";
	int saved = errno;
	/* First, as who handles the abort may come by here again. */
	memset(block, 0, room_of(slab));
	misuse_access(crime, block, room_of(slab), (ptrdiff_t)at, "written to");
	errno = saved;
}

/* Looks at some bytes of a free slot, which start at from. */
static inline void slot_check_free(const struct slab *slab, unsigned slot,
                                   const unsigned char *from, size_t bytes)
{
	if (unlikely(slack_pair_any(any_of(from, bytes))))
		slot_tell(slab, slot);
}

static bool same_os_page(const void *a, const void *b)
{
	return ((uintptr_t)a ^ (uintptr_t)b) >> os_page_shift == 0;
}

/* Looks at a free slot all over, before it is handed out. To read what was never touched costs a page fault,
 * and the first write after it another: so a fresh one is written to first, and looked at to the end of the
 * OS page that it starts in. */
static inline void slot_check_whole(const struct slab *slab, unsigned slot, unsigned char *block,
                                    size_t room)
{
	if (slab_states(slab)[slot] == SLOT_FRESH) {
		size_t page_rest = os_page_bytes - ((uintptr_t)block & (os_page_bytes - 1));
		__atomic_fetch_or(block, 0, __ATOMIC_RELAXED);
		if (page_rest < room)
			room = page_rest;
	}
	slot_check_free(slab, slot, block, room);
}

static void slot_check_live(const struct slab *slab, unsigned slot, unsigned char *block)
{
	slack_check(block, slab->sizes[slot], room_of(slab));
}

/* What is wrong with a slot near the block that is freed: behind its own block, or where it is free, in the part
 * of it that is nearer; not where that may be in a page that was never touched. */
__attribute__((always_inline)) static inline slack_pair
neighbour_wrong(const struct found *found, const unsigned char *block, int distance)
{
	const slack_pair nothing = {0, 0};
	unsigned slot = found->slot + (unsigned)distance;
	uint32_t room = found->room;
	size_t bytes = room < NEIGHBOUR_BYTES ? room : NEIGHBOUR_BYTES;

	if (unlikely(slot >= found->slots))
		return nothing;
	const unsigned char *near = block + (ptrdiff_t)distance * (ptrdiff_t)room;
	if (found->states[slot] == SLOT_LIVE)
		return slack_wrong(near, found->sizes[slot], room);
	const unsigned char *edge = distance < 0 ? block : block + room - 1;
	near = distance < 0 ? near + room - bytes : near;
	if (found->states[slot] == SLOT_FRESH && !same_os_page(near, edge))
		return nothing;
	return slack_pair_at(near) | slack_pair_at(near + bytes - SLACK_PAIR_BYTES);
}

/* What a block has written to beyond itself shows when it is freed, be it not too far. */
static inline slack_pair neighbours_wrong(const struct found *found, const unsigned char *block)
{
	slack_pair wrong = neighbour_wrong(found, block, 1) | neighbour_wrong(found, block, -1);

	if (found->room < NEIGHBOUR_BYTES)
		wrong |= neighbour_wrong(found, block, 2) | neighbour_wrong(found, block, -2);
	return wrong;
}

static void neighbour_tell(const struct found *found, unsigned char *block, int distance)
{
	unsigned slot = found->slot + (unsigned)distance;

	if (!slack_pair_any(neighbour_wrong(found, block, distance)))
		return;
	if (found->states[slot] == SLOT_LIVE)
		slot_check_live(found->slab, slot, block_of(found->slab, slot));
	else
		slot_tell(found->slab, slot);
}

/* Something was found to be wrong when a block was freed: its own slack first, then what lies next to it. */
__attribute__((noinline, cold)) static void found_tell(struct found found, unsigned char *block)
{
	int saved = errno;

	slot_check_live(found.slab, found.slot, block);
	neighbour_tell(&found, block, 1);
	neighbour_tell(&found, block, -1);
	if (found.room < NEIGHBOUR_BYTES) {
		neighbour_tell(&found, block, 2);
		neighbour_tell(&found, block, -2);
	}
	errno = saved;
}

/* Threads lie some pages apart. Returns: NULL before the room is ready. */
static inline struct quarantine *quarantine_of_thread(void)
{
	uint64_t thread = (uintptr_t)&tcache_self >> 12;
	uint64_t mixed = thread * 0x9e3779b97f4a7c15u >> 32;
	unsigned used = __atomic_load_n(&arenas_used, __ATOMIC_ACQUIRE);

	return used != 0 ? quarantines[mixed * used >> 32] : NULL;
}

/* Quick and not for keys: which slot comes next is what must not be plain to see. (Marsaglia: Xorshift
 * RNGs, 2003.) */
static uint64_t chance(struct quarantine *quarantine)
{
	uint64_t random = quarantine->random;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	quarantine->random = random;
	return random;
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

/* Whether what is made now is held against what will free it. */
static bool origins_count(void)
{
	return hardened_origins_on && __atomic_load_n(&hardened_opening, __ATOMIC_RELAXED) == 0;
}

static uint8_t origin_now(void)
{
	return origins_count() ? ORIGIN_MALLOC : ORIGIN_EARLY;
}

__attribute__((noinline, cold)) static void recent_tell(const struct quarantine *quarantine)
{
	for (unsigned i = 0; i < RECENT; i++) {
		const struct recent *recent = &quarantine->recent[i];
		if (slack_pair_any(any_of_few(recent->block, recent->last)))
			slot_tell(freed_slab(recent->freed), recent->freed.slot);
	}
}

/* A program that writes to what it has just freed may never come by that slot again. */
static inline void recent_check(const struct quarantine *quarantine)
{
	slack_pair any = {0, 0};

	for (unsigned i = 0; i < RECENT; i++) {
		const struct recent *recent = &quarantine->recent[i];
		any |= any_of_few(recent->block, recent->last);
	}
	if (unlikely(slack_pair_any(any)))
		recent_tell(quarantine);
}

static unsigned ready_max(uint32_t room)
{
	unsigned most = READY_BYTES_MAX / room;

	if (most > READY_SLOTS_MAX)
		return READY_SLOTS_MAX;
	return most != 0 ? most : 1;
}

/* Draws the next one, and has what will be touched come. */
__attribute__((always_inline)) static inline void ready_draw(struct quarantine *quarantine,
                                                             struct ready *ready)
{
	ready->next = (unsigned)((chance(quarantine) >> 32) * ready->count >> 32);
	struct freed next = ready->slots[ready->next];
	const unsigned char *block = freed_block(next);
	const struct slab *slab = freed_slab(next);
	__builtin_prefetch(block, 1);
	__builtin_prefetch(block + 64, 1);
	__builtin_prefetch(slab_states(slab) + next.slot, 1);
	__builtin_prefetch(slab->sizes + next.slot, 1);
}

/* Slots leave a slab by chance, so the first few of many lie on all of its pages: these are made at once, but for
 * the first slab of a class, of which few may be wanted. */
static void slab_begin(struct ready *ready, const struct slab *slab, unsigned slot, unsigned taken)
{
	const struct sizeclass *shape = &sizeclasses[slab->sizeclass];

	if (slab->free + taken != shape->slots || slab_states(slab)[slot] != SLOT_FRESH)
		return;
	if (ready->again && ready->room <= POPULATE_SLOT_BYTES_MAX)
		os_populate((void *)slab->start, shape->heap_pages * HEAP_PAGE_BYTES);
	ready->again = true;
}

/* Takes slots out of the slabs until three quarters of what may be ready are. */
static void ready_fill(struct quarantine *quarantine, unsigned class, struct ready *ready)
{
	unsigned wanted = (ready->most * 3 + 3) / 4;
	uint16_t slots[READY_SLOTS_MAX];

	while (ready->count < wanted) {
		struct slab *slab;
		unsigned taken = slots_take_held(quarantine->arena, class, chance(quarantine),
		                                 &slab, slots, wanted - ready->count);
		if (taken == 0)
			break;
		if (!quarantine->arena->inaccessible)
			slab_begin(ready, slab, slots[0], taken);
		const unsigned char *start = block_of(slab, 0);
		for (unsigned i = 0; i < taken; i++)
			ready->slots[ready->count++] =
			        freed_of(start + (size_t)slots[i] * ready->room, class, slots[i]);
	}
	if (ready->count != 0)
		ready_draw(quarantine, ready);
}

static struct ready *ready_new(struct quarantine *quarantine, unsigned class)
{
	struct ready *ready = page_b_record_new(sizeof *ready);

	if (ready == NULL)
		return NULL;
	ready->room = sizeclasses[class].slot_bytes;
	ready->most = ready_max(ready->room);
	ready->least = ready->most / 2;
	quarantine->ready[class] = ready;
	return ready;
}

/* Where few are ready, sees to it that there are more. Keeps errno: the block may be had in another way.
 * Returns: NULL without memory for one. */
__attribute__((noinline)) static struct ready *ready_refill(struct quarantine *quarantine,
                                                            unsigned class)
{
	struct ready *ready = quarantine->ready[class];
	int saved = errno;

	if (ready == NULL)
		ready = ready_new(quarantine, class);
	if (ready != NULL)
		ready_fill(quarantine, class, ready);
	errno = saved;
	return ready != NULL && ready->count != 0 ? ready : NULL;
}

static inline struct ready *ready_find(struct quarantine *quarantine, unsigned class)
{
	struct ready *ready = quarantine->ready[class];

	if (likely(ready != NULL && ready->count > ready->least))
		return ready;
	return ready_refill(quarantine, class);
}

/* Takes one of those that are ready, by chance; about half of what may be ready is to choose from. */
static inline struct freed ready_take(struct quarantine *quarantine, struct ready *ready)
{
	expect(ready->next < ready->count);
	struct freed taken = ready->slots[ready->next];
	ready->slots[ready->next] = ready->slots[--ready->count];
	ready_draw(quarantine, ready);
	return taken;
}

/* Where enough of its class are ready, a slot goes back to its slab. */
static inline void ready_put(struct quarantine *quarantine, struct freed freed)
{
	struct ready *ready = quarantine->ready[freed.class];

	if (likely(ready != NULL && ready->count < ready->most))
		ready->slots[ready->count++] = freed;
	else
		slots_return_held(quarantine->arena, freed_slab(freed), freed.slot);
}

/* Looks at a slot that is handed out, which then is zero, and fills its slack. */
static inline void slot_prepare(const struct slab *slab, unsigned slot, unsigned char *block,
                                size_t size, size_t room)
{
	slot_check_whole(slab, slot, block, room);
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
		slab->origins[taken.slot] = origin_now();
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

/* Puts a freed slot among the last ones, and the oldest of these into quarantine; the one whose place it
 * takes may be had again. */
static inline void slot_keep(struct quarantine *quarantine, unsigned char *block,
                             struct freed freed, uint32_t room)
{
	struct recent *recent = &quarantine->recent[quarantine->next_recent++ % RECENT];
	struct freed waits = recent->freed;
	struct freed *place;

	recent->block = block;
	recent->freed = freed;
	recent->last = least_of(room, RECENT_BYTES) - SLACK_PAIR_BYTES;
	if (unlikely(!waits.used))
		return;
	if (likely(waits.class <= QUARANTINE_SMALL_CLASS_MAX))
		place = &quarantine->small[chance(quarantine) % QUARANTINE_SMALL];
	else
		place = &quarantine->larger[chance(quarantine) % QUARANTINE_LARGER];
	struct freed leaves = *place;
	*place = waits;
	if (likely(leaves.used))
		ready_put(quarantine, leaves);
}

/* Looks behind a block that is freed, and next to it, and clears it. */
static inline void slot_clear(const struct found *found, unsigned char *block)
{
	slack_pair wrong = slack_wrong(block, found->sizes[found->slot], found->room);

	wrong |= neighbours_wrong(found, block);
	if (unlikely(slack_pair_any(wrong)))
		found_tell(*found, block);
	memset(block, 0, found->room);
}

bool hardened_free_slot(void *ptr)
{
	struct found found;

	if (!slot_find_live(ptr, &found))
		return false;
	struct quarantine *quarantine = found.quarantine;
	if (likely(!quarantine->arena->inaccessible))
		slot_clear(&found, ptr);
	found.states[found.slot] = SLOT_DEAD;
	slot_keep(quarantine, ptr, freed_of(ptr, found.class, found.slot), found.room);
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
		return slot_new_anyhow(zero_quarantine, 0, 0);
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
		guarded_origin_set(ptr, origin_now());
	idle_tick();
	return ptr;
}

bool hardened_free(void *ptr)
{
	if (unlikely(hardened_origins_on) && !hardened_origin_fits(ptr, "free"))
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

	if (!slot_find_own(ptr, &found))
		return guarded_find(ptr, size);
	*size = found.sizes[found.slot];
	return true;
}

static void recent_clear(struct quarantine *quarantine)
{
	static const unsigned char zeros[SLACK_PAIR_BYTES];

	for (unsigned i = 0; i < RECENT; i++)
		quarantine->recent[i] = (struct recent){.block = zeros};
}

/* Returns: how many of these there were. */
static unsigned freed_give_back(struct arena *arena, struct freed *freed, unsigned count)
{
	unsigned given = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!freed[i].used)
			continue;
		slots_return_held(arena, freed_slab(freed[i]), freed[i].slot);
		freed[i].used = 0;
		given++;
	}
	return given;
}

static unsigned quarantine_give_back(struct arena *arena, struct quarantine *quarantine)
{
	unsigned given = 0;

	for (unsigned i = 0; i < RECENT; i++)
		given += freed_give_back(arena, &quarantine->recent[i].freed, 1);
	recent_clear(quarantine);
	given += freed_give_back(arena, quarantine->small, QUARANTINE_SMALL);
	given += freed_give_back(arena, quarantine->larger, QUARANTINE_LARGER);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		struct ready *ready = quarantine->ready[class];
		if (ready == NULL)
			continue;
		given += freed_give_back(arena, ready->slots, ready->count);
		ready->count = 0;
		ready->next = 0;
	}
	return given;
}

bool hardened_give_back(void)
{
	bool any = guarded_give_back();

	for (unsigned i = 0; i < arenas_used; i++) {
		struct arena *arena = slab_arena(i);
		lock_acquire(&arena->lock);
		unsigned given = quarantine_give_back(arena, quarantines[i]);
		lock_release(&arena->lock);
		any = any || given != 0;
	}
	if (any)
		idle_purge(os_clock_ms(), 0);
	return any;
}

static bool large_resize(void *ptr, size_t size)
{
	bool stays = guarded_resize(ptr, size);

	if (stays && unlikely(slab_has_origins))
		guarded_origin_set(ptr, origin_now());
	return stays;
}

bool hardened_resize(void *ptr, size_t size)
{
	struct found found;
	bool stays = false;

	if (size >= SIZECLASS_BYTES_MAX)
		return large_resize(ptr, size);
	if (!slot_find_live(ptr, &found))
		return false;
	struct arena *arena = found.quarantine->arena;
	if (!arena->inaccessible && sizeclasses[sizeclass_of(size + 1)].slot_bytes == found.room) {
		slot_check_live(found.slab, found.slot, ptr);
		size_t old = found.slab->sizes[found.slot];
		found.slab->sizes[found.slot] = (uint16_t)size;
		/* What is no longer asked for is not kept either. */
		if (size > old)
			memset((char *)ptr + old, 0, size - old);
		slack_fill(ptr, size, found.room);
		if (unlikely(found.slab->origins != NULL))
			found.slab->origins[found.slot] = origin_now();
		stays = true;
	}
	lock_release(&arena->lock);
	return stays;
}

/* --- Origins -------------------------------------------------------------------------------------- */

enum hardened_origin hardened_origin_get(const void *ptr)
{
	struct found found;
	uint8_t origin = ORIGIN_UNKNOWN;

	if (!slot_find_own(ptr, &found))
		guarded_origin_get(ptr, &origin);
	else if (found.origins != NULL)
		origin = found.origins[found.slot];
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
	lock_release(&found.quarantine->arena->lock);
}

/* With the lock, as who frees a neighbour looks at the slack. */
static void slot_shrink(void *ptr, size_t size)
{
	struct found found;

	if (!slot_find_live(ptr, &found))
		return;
	if (size < found.slab->sizes[found.slot]) {
		slot_check_live(found.slab, found.slot, ptr);
		found.slab->sizes[found.slot] = (uint16_t)size;
		slack_fill(ptr, size, found.room);
	}
	lock_release(&found.quarantine->arena->lock);
}

void hardened_made(void *ptr, enum hardened_origin origin, size_t size)
{
	struct found found;

	if (!slot_find_own(ptr, &found)) {
		guarded_origin_set(ptr, (uint8_t)origin);
		guarded_shrink(ptr, size);
		return;
	}
	if (found.origins != NULL)
		found.origins[found.slot] = (uint8_t)origin;
	if (unlikely(size < found.sizes[found.slot]))
		slot_shrink(ptr, size);
}

runs_seldom void hardened_shrink(void *ptr, size_t size)
{
	hardened_made(ptr, origin_now(), size);
}

const char *hardened_maker(enum hardened_origin origin)
{
	static const char *const makers[] = {
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

	return makers[origin];
}

bool hardened_origin_fits(const void *ptr, const char *name)
{
	enum hardened_origin origin = hardened_origin_get(ptr);

	if (likely(origin <= ORIGIN_ALIGNED))
		return true;
	misuse_origin(name, ptr, hardened_maker(origin));
	return false;
}

void hardened_made_aligned(void *ptr)
{
	if (unlikely(slab_has_origins) && ptr != NULL)
		hardened_made(ptr, origins_count() ? ORIGIN_ALIGNED : ORIGIN_EARLY_ALIGNED,
		              SIZE_MAX);
}

bool hardened_sized_fits(const void *ptr, bool aligned)
{
	enum hardened_origin origin = ORIGIN_UNKNOWN;

	if (unlikely(slab_has_origins))
		origin = hardened_origin_get(ptr);
	if (likely(aligned ? origin != ORIGIN_MALLOC && origin != ORIGIN_EARLY
	                   : origin != ORIGIN_ALIGNED && origin != ORIGIN_EARLY_ALIGNED))
		return true;
	misuse_origin(aligned ? "free_aligned_sized" : "free_sized", ptr, hardened_maker(origin));
	return false;
}

/* --- At exit ------------------------------------------------------------------------------------ */

/* What lies next to a used slot of one that was never handed out; the rest of its memory would be touched for
 * nothing. */
static void fresh_sweep(const struct slab *slab, unsigned slot, bool from_end)
{
	uint32_t room = room_of(slab);
	uint32_t bytes = room < NEIGHBOUR_BYTES ? room : NEIGHBOUR_BYTES;

	if (slot < sizeclasses[slab->sizeclass].slots && slab_states(slab)[slot] == SLOT_FRESH)
		slot_check_free(slab, slot, block_of(slab, slot) + (from_end ? room - bytes : 0),
		                bytes);
}

static void slot_sweep(const struct slab *slab, unsigned slot)
{
	unsigned char *block = block_of(slab, slot);
	uint8_t state = slab_states(slab)[slot];

	if (state == SLOT_FRESH)
		return;
	if (state == SLOT_LIVE)
		slot_check_live(slab, slot, block);
	else if (state == SLOT_DEAD)
		slot_check_free(slab, slot, block, room_of(slab));
	fresh_sweep(slab, slot + 1, false);
	fresh_sweep(slab, slot - 1, true);
}

static void freed_sweep(const struct freed *freed, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (freed[i].used)
			slot_sweep(freed_slab(freed[i]), freed[i].slot);
}

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
			slot_sweep(slab, slot);
		swept = sizeclasses[slab->sizeclass].heap_pages;
	}
	lock_release(&arena->lock);
	return swept;
}

void hardened_sweep(void)
{
	unsigned swept = 0;

	for (unsigned i = 0; i < arenas_used; i++) {
		if (!lock_try(&slab_arena(i)->lock))
			continue;
		for (unsigned j = 0; j < RECENT; j++)
			freed_sweep(&quarantines[i]->recent[j].freed, 1);
		freed_sweep(quarantines[i]->small, QUARANTINE_SMALL);
		freed_sweep(quarantines[i]->larger, QUARANTINE_LARGER);
		lock_release(&slab_arena(i)->lock);
	}
	for (size_t at = 0; at < pagemap.bytes && swept < SWEEP_PAGES_MAX; at += HEAP_PAGE_BYTES) {
		uintptr_t start = pagemap.base + at;
		swept += slab_sweep(pagemap_find((void *)start), start);
	}
}

/* --- Start -------------------------------------------------------------------------------------- */

/* That of an arena, which may be NULL for want of memory. */
static struct quarantine *quarantine_new(struct arena *arena)
{
	struct quarantine *quarantine = NULL;

	if (arena != NULL)
		quarantine = page_b_record_new(sizeof *quarantine);
	if (quarantine == NULL)
		return NULL;
	quarantine->random = os_random() | 1;
	quarantine->arena = arena;
	recent_clear(quarantine);
	quarantines[arena->number] = quarantine;
	return quarantine;
}

runs_at_start bool hardened_boot(void)
{
	if (!hardened_on)
		return true;
	unsigned used = 0;
	unsigned wanted = options.arenas != 0 ? (unsigned)options.arenas : 4 * os_cpus();
	for (unsigned i = 0; i < wanted && i < ARENAS_USED_MAX; i++) {
		if (slab_arena(i) == NULL && slab_arena_new(ARENAS_MAX) == NULL)
			break;
		if (quarantine_new(slab_arena(i)) == NULL)
			break;
		used++;
	}
	zero_quarantine = quarantine_new(slab_arena_new(ARENAS_MAX));
	if (used == 0 || zero_quarantine == NULL)
		return false;
	zero_quarantine->arena->inaccessible = true;
	__atomic_store_n(&arenas_used, used, __ATOMIC_RELEASE);
	return true;
}
