/*
 * inspect.h - looks whether anybody wrote where nobody may: into free slots, which are zero, and behind live ones.
 *
 * Locks: that of the slab's arena is held by whoever asks.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "os.h"
#include "slab.h"
#include "slack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much of a free slot is looked at when the block next to it is freed. */
#define INSPECT_NEIGHBOUR_BYTES 32u

/* A slot of a slab, with what its slab says of it. */
struct inspected {
	struct slab *slab;
	unsigned slot;
	unsigned slots; /* in the slab */
	uint32_t room;
	uint8_t *states;
	const uint16_t *sizes;
};

static inline size_t inspect_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Any bit of the first bytes, a multiple of 16, up to 64, of which the last 16 begin at last; some are looked at
 * more than once, as that takes no branch. */
static inline slack_pair inspect_few(const unsigned char *start, size_t last)
{
	return (slack_pair_at(start) | slack_pair_at(start + inspect_least(last, 16))) |
	       (slack_pair_at(start + inspect_least(last, 32)) | slack_pair_at(start + last));
}

/* Any bit of bytes, a multiple of 16. */
static inline slack_pair inspect_bytes(const unsigned char *start, size_t bytes)
{
	if (bytes <= 64)
		return inspect_few(start, bytes - 16);
	const unsigned char *last = start + bytes - 64;
	slack_pair any = inspect_few(last, 48);
	for (; start < last; start += 64)
		any |= inspect_few(start, 48);
	return any;
}

/* Bytes of a free slot were found not to be zero: clears the slot, and tells of the first; errno stays. */
void inspect_tell_free(const struct slab *slab, unsigned slot);

/* Looks at some bytes of a free slot, which start at from. */
static inline void inspect_free(const struct slab *slab, unsigned slot, const unsigned char *from,
                                size_t bytes)
{
	if (unlikely(slack_pair_any(inspect_bytes(from, bytes))))
		inspect_tell_free(slab, slot);
}

/* Looks at a free slot all over, before it is handed out. To read what was never touched costs a page fault,
 * and the first write after it another: so a fresh one is written to first, and looked at to the end of the
 * OS page that it starts in. */
static inline void inspect_whole(const struct slab *slab, unsigned slot, unsigned char *block,
                                 size_t room)
{
	if (slab_states(slab)[slot] == SLOT_FRESH) {
		size_t page_rest = os_page_bytes - ((uintptr_t)block & (os_page_bytes - 1));
		__atomic_fetch_or(block, 0, __ATOMIC_RELAXED);
		if (page_rest < room)
			room = page_rest;
	}
	inspect_free(slab, slot, block, room);
}

/* Looks behind a live block. */
static inline void inspect_live(const struct slab *slab, unsigned slot, unsigned char *block)
{
	slack_check(block, slab->sizes[slot], slab_class(slab)->slot_bytes);
}

static inline bool inspect_same_os_page(const void *a, const void *b)
{
	return ((uintptr_t)a ^ (uintptr_t)b) >> os_page_shift == 0;
}

/* What is wrong with a slot near the block that is freed: behind its own block, or where it is free, in the part
 * of it that is nearer; not where that may be in a page that was never touched. */
__attribute__((always_inline)) static inline slack_pair
inspect_neighbour(const struct inspected *freed, const unsigned char *block, int distance)
{
	const slack_pair nothing = {0, 0};
	unsigned slot = freed->slot + (unsigned)distance;
	uint32_t room = freed->room;
	size_t bytes = room < INSPECT_NEIGHBOUR_BYTES ? room : INSPECT_NEIGHBOUR_BYTES;

	if (unlikely(slot >= freed->slots))
		return nothing;
	const unsigned char *near = block + (ptrdiff_t)distance * (ptrdiff_t)room;
	if (freed->states[slot] == SLOT_LIVE)
		return slack_wrong(near, freed->sizes[slot], room);
	const unsigned char *edge = distance < 0 ? block : block + room - 1;
	near = distance < 0 ? near + room - bytes : near;
	if (freed->states[slot] == SLOT_FRESH && !inspect_same_os_page(near, edge))
		return nothing;
	return slack_pair_at(near) | slack_pair_at(near + bytes - SLACK_PAIR_BYTES);
}

/* What a block has written to beyond itself shows when it is freed, be it not too far: no bit, where nothing is
 * wrong behind it or next to it. */
static inline slack_pair inspect_around(const struct inspected *freed, const unsigned char *block)
{
	slack_pair wrong = slack_wrong(block, freed->sizes[freed->slot], freed->room);

	wrong |= inspect_neighbour(freed, block, 1) | inspect_neighbour(freed, block, -1);
	if (freed->room < INSPECT_NEIGHBOUR_BYTES)
		wrong |= inspect_neighbour(freed, block, 2) | inspect_neighbour(freed, block, -2);
	return wrong;
}

/* Tells what inspect_around found: behind the block itself first, then next to it; errno stays. */
void inspect_tell_around(struct inspected freed, unsigned char *block);

/* Looks at all of a slot, whatever its state, and, where those next to it were never handed out, at the ends of
 * these that are nearer: the rest of their memory would be touched for nothing. */
void inspect_sweep(const struct slab *slab, unsigned slot);

#endif
