/*
 * hardened - small and large blocks under HALLOC_HARDENED=1: what can be told is told, at a price.
 *
 *     slot       | what was asked for | 0 | pattern ...      |      zero again once it is freed
 *     slab       | slot | slot | ... | rest |  guard         |
 *     large      |  guard  | block, at the end | pattern |  guard  |
 *
 * Holds:  the quarantines of the arenas and of large blocks, the secret of the patterns.
 * Always: free slots and slots in quarantine are zero; the slack of a live block is its pattern.
 * Locks:  the arena's lock around everything that concerns its slots; large_lock (rank LARGE) around the
 *         large blocks; never both.
 */
#include "hardened.h"
#include "heap.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "page_b.h"
#include "report.h"
#include "slab.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Freed slots wait, so many of them, before one of them, by chance, may be handed out again. */
#define QUARANTINE_SMALL_BYTES_MAX 1024u
#define QUARANTINE_SMALL           256u
#define QUARANTINE_LARGER          16u

/* Freed large blocks stay inaccessible, the oldest of so many, or of so many bytes, until then. */
#define LARGE_KEPT           64u
#define LARGE_KEPT_BYTES_MAX ((size_t)1 << 30)

#define ARENAS_USED_MAX 16u

struct quarantine {
	struct slot small[QUARANTINE_SMALL];
	struct slot larger[QUARANTINE_LARGER];
	uint64_t random;
	unsigned calls;
};

/* A large block, found from the page map's entry of its cell's start. */
struct large {
	uintptr_t ptr;
	size_t size;
	uintptr_t cell;
	size_t cell_bytes;
	bool live;
};

bool hardened_on;

static uint64_t secret; /* no byte of it is zero */
static unsigned arenas_used;
static struct quarantine *quarantines[ARENAS_USED_MAX];
static struct arena *zero_arena; /* its slabs are inaccessible */
static struct quarantine *zero_quarantine;

static struct lock large_lock;
static struct large *large_kept[LARGE_KEPT]; /* a ring: the oldest at large_first */
static unsigned large_first;
static unsigned large_count;
static size_t large_bytes;

/* --- Slack -------------------------------------------------------------------------------------- */

/* Byte at of the pattern; the pattern of a word that starts at a multiple of eight is the secret. */
static unsigned char pattern(size_t at)
{
	return (unsigned char)(secret >> at % sizeof secret * 8);
}

/* The first byte behind a block is zero, so that a string without an end ends there. Blocks and room are
 * multiples of eight. */
static void slack_fill(unsigned char *block, size_t size, size_t room)
{
	size_t at = size + 1;

	if (size == room)
		return;
	block[size] = 0;
	for (; at < room && at % sizeof secret != 0; at++)
		block[at] = pattern(at);
	for (; at < room; at += sizeof secret)
		memcpy(block + at, &secret, sizeof secret);
}

/* Returns: the offset of the first byte that was written behind the block; room when there is none. */
static size_t slack_damage(const unsigned char *block, size_t size, size_t room)
{
	size_t at = size + 1;

	if (size != room && block[size] != 0)
		return size;
	for (; at < room && at % sizeof secret != 0; at++)
		if (block[at] != pattern(at))
			return at;
	while (at < room && memcmp(block + at, &secret, sizeof secret) == 0)
		at += sizeof secret;
	while (at < room && block[at] == pattern(at))
		at++;
	return at < room ? at : room;
}

static void slack_check(unsigned char *block, size_t size, size_t room)
{
	size_t at = slack_damage(block, size, room);

	if (at >= room)
		return;
	misuse_damage("overflow", block, size, at);
	slack_fill(block, size, room); /* to be told once */
}

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
		if (!arena->inaccessible) {
			size_t at = zero_damage(block, found.room);
			if (at < found.room) {
				misuse_damage("write after free", block, found.room, at);
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

/* --- Large blocks --------------------------------------------------------------------------------- */

static size_t round_up(size_t number, size_t unit)
{
	return (number + unit - 1) & -unit;
}

/* The end of the accessible part of a large block. */
static uintptr_t large_end(const struct large *large)
{
	return round_up(large->ptr + large->size, os_page_bytes);
}

static struct large *large_of(const void *ptr)
{
	struct heap_view view;

	if (!hfindptr(heap_process, ptr, &view) || view.kind != HEAP_BLOCK)
		return NULL;
	struct large *large = (struct large *)(void *)pagemap_find(view.start)->states;
	return large != NULL && large->ptr == (uintptr_t)ptr ? large : NULL;
}

static void *large_new(size_t size, size_t alignment)
{
	size_t page = os_page_bytes;
	size_t spare = alignment > page ? alignment : 0;
	size_t bytes = round_up(round_up(size, page) + spare + 2 * page, HEAP_PAGE_BYTES);

	if (alignment < 16)
		alignment = 16;
	struct large *large = page_b_record_new(sizeof *large);
	if (large == NULL)
		return NULL;
	lock_acquire(&large_lock);
	void *cell = heap_take(heap_process, bytes, HEAP_PAGE_BYTES, HEAP_BLOCK);
	if (cell == NULL) {
		lock_release(&large_lock);
		page_b_record_free(large, sizeof *large);
		return NULL;
	}
	heap_zero(heap_process, cell, bytes);
	*large = (struct large){
	        .size = size, .cell = (uintptr_t)cell, .cell_bytes = bytes, .live = true};
	large->ptr = (large->cell + bytes - page - size) & -alignment;
	/* Where the system has no room for more guards, the slack alone is checked. */
	uintptr_t first = large->ptr & -page, end = large_end(large);
	os_guard(cell, first - large->cell);
	os_guard((void *)end, large->cell + bytes - end);
	slack_fill((unsigned char *)large->ptr, size, end - large->ptr);
	pagemap_find(cell)->states = (uint8_t *)large;
	lock_release(&large_lock);
	return (void *)large->ptr;
}

/* Gives the cell of a large block back, and its record. */
static void large_release(struct large *large)
{
	bool open = os_unguard((void *)large->cell, large->cell_bytes);

	pagemap_find((void *)large->cell)->states = NULL;
	heap_give(heap_process, (void *)large->cell, HEAP_BLOCK, open ? HEAP_ZERO : HEAP_LOST);
	page_b_record_free(large, sizeof *large);
}

/* Makes a freed block inaccessible, and releases those that were so for long enough. */
static void large_keep(struct large *large)
{
	large->live = false;
	if (!os_purge((void *)large->cell, large->cell_bytes)) {
		/* It must read as zero when it comes back. */
		os_unguard((void *)large->cell, large->cell_bytes);
		memset((void *)large->cell, 0, large->cell_bytes);
	}
	os_guard((void *)large->cell, large->cell_bytes);
	large_kept[(large_first + large_count) % LARGE_KEPT] = large;
	large_count++;
	large_bytes += large->cell_bytes;
	while (large_count == LARGE_KEPT ||
	       (large_bytes > LARGE_KEPT_BYTES_MAX && large_count > 1)) {
		struct large *oldest = large_kept[large_first];
		large_first = (large_first + 1) % LARGE_KEPT;
		large_count--;
		large_bytes -= oldest->cell_bytes;
		large_release(oldest);
	}
}

static bool large_free(void *ptr)
{
	lock_acquire(&large_lock);
	struct large *large = large_of(ptr);
	bool live = large != NULL && large->live;
	if (live) {
		slack_check(ptr, large->size, large_end(large) - large->ptr);
		large_keep(large);
	}
	lock_release(&large_lock);
	return live;
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
	void *ptr = large_new(size, alignment);
	slab_tick();
	return ptr;
}

bool hardened_free(void *ptr)
{
	if (slot_free(ptr))
		return true;
	if (!large_free(ptr))
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
	lock_acquire(&large_lock);
	const struct large *large = large_of(ptr);
	bool live = large != NULL && large->live;
	if (live)
		*size = large->size;
	lock_release(&large_lock);
	return live;
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

bool hardened_was_freed(const void *ptr)
{
	lock_acquire(&large_lock);
	const struct large *large = large_of(ptr);
	bool dead = large != NULL && !large->live;
	lock_release(&large_lock);
	return dead;
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
	lock_init(&large_lock, LOCK_RANK_LARGE);
	secret = os_random() | 0x0101010101010101u;
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
