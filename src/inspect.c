/*
 * inspect - tells who wrote where nobody may.
 *
 *     | free: zero | live block, slack | free: zero | never handed out: zero, or not there yet |
 *
 * Holds:  nothing.
 * Always: what was found to be wrong is put right before it is told, as whoever handles the abort may come by again.
 * Locks:  none of its own; the arena's is held.
 */
#include "inspect.h"
#include "misuse.h"

#include <errno.h>
#include <string.h>

static uint32_t room_of(const struct slab *slab)
{
	return slab_class(slab)->slot_bytes;
}

__attribute__((noinline, cold)) void inspect_tell_free(const struct slab *slab, unsigned slot)
{
	unsigned char *block = slab_slot(slab, slot);
	uint32_t at = 0;

	while (at + 1 < room_of(slab) && block[at] == 0)
		at++;
	const char *crime =
	        slab_states(slab)[slot] == SLOT_DEAD ? "write after free" : "stray write";
	int saved = errno;
	memset(block, 0, room_of(slab));
	misuse_access(crime, block, room_of(slab), (ptrdiff_t)at, "written to");
	errno = saved;
}

static void neighbour_tell(const struct inspected *freed, unsigned char *block, int distance)
{
	unsigned slot = freed->slot + (unsigned)distance;

	if (!slack_pair_any(inspect_neighbour(freed, block, distance)))
		return;
	if (freed->states[slot] == SLOT_LIVE)
		inspect_live(freed->slab, slot, slab_slot(freed->slab, slot));
	else
		inspect_tell_free(freed->slab, slot);
}

__attribute__((noinline, cold)) void inspect_tell_around(struct inspected freed,
                                                         unsigned char *block)
{
	int saved = errno;

	inspect_live(freed.slab, freed.slot, block);
	neighbour_tell(&freed, block, 1);
	neighbour_tell(&freed, block, -1);
	if (freed.room < INSPECT_NEIGHBOUR_BYTES) {
		neighbour_tell(&freed, block, 2);
		neighbour_tell(&freed, block, -2);
	}
	errno = saved;
}

static void fresh_sweep(const struct slab *slab, unsigned slot, bool from_end)
{
	uint32_t room = room_of(slab);
	uint32_t bytes = room < INSPECT_NEIGHBOUR_BYTES ? room : INSPECT_NEIGHBOUR_BYTES;

	if (slot >= slab_class(slab)->slots || slab_states(slab)[slot] != SLOT_FRESH)
		return;
	const unsigned char *block = slab_slot(slab, slot);
	inspect_free(slab, slot, block + (from_end ? room - bytes : 0), bytes);
}

void inspect_sweep(const struct slab *slab, unsigned slot)
{
	unsigned char *block = slab_slot(slab, slot);
	uint8_t state = slab_states(slab)[slot];

	if (state == SLOT_FRESH)
		return;
	if (state == SLOT_LIVE)
		inspect_live(slab, slot, block);
	else if (state == SLOT_DEAD)
		inspect_free(slab, slot, block, room_of(slab));
	fresh_sweep(slab, slot + 1, false);
	fresh_sweep(slab, slot - 1, true);
}
