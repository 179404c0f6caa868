/*
 * quarantine - keeps the freed slots of hardened mode from being handed out again at once.
 *
 *     free: among the last freed -> in quarantine, so long as chance has it -> ready, or in its slab
 *     malloc: one of those that are ready, by chance; where few are, out of a slab by chance
 *
 * Holds:  a quarantine for each arena, and in it those slots that are ready, by class.
 * Always: slots that are free, in quarantine or ready are zero.
 * Locks:  the arena's lock around everything that concerns its slots.
 */
#include "quarantine.h"
#include "machine.h"
#include "options.h"
#include "page_b.h"
#include "report.h"

#include <errno.h>

/* So many bytes of slots of a class are ready at most. */
#define READY_BYTES_MAX 16384u

/* To hand out a slot up to this size touches mostly all of its pages, at its start and in its slack. */
#define POPULATE_SLOT_BYTES_MAX 5120u

unsigned quarantines_used;
struct quarantine *quarantine_of_zero;
struct quarantine *quarantines[QUARANTINES_MAX + 1] lies_late;

__attribute__((noinline, cold)) void recent_tell(const struct quarantine *quarantine)
{
	for (unsigned i = 0; i < QUARANTINE_RECENT; i++) {
		const struct recent *recent = &quarantine->recent[i];
		if (slack_pair_any(inspect_few(recent->block, recent->last)))
			inspect_tell_free(freed_slab(recent->freed), recent->freed.slot);
	}
}

/* --- Those that are ready ------------------------------------------------------------------------- */

static unsigned ready_max(uint32_t room)
{
	unsigned most = READY_BYTES_MAX / room;

	if (most > QUARANTINE_READY_MAX)
		return QUARANTINE_READY_MAX;
	return most != 0 ? most : 1;
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
	uint16_t slots[QUARANTINE_READY_MAX];

	while (ready->count < wanted) {
		struct slab *slab;
		unsigned taken =
		        slots_take_held(quarantine->arena, class, quarantine_chance(quarantine),
		                        &slab, slots, wanted - ready->count);
		if (taken == 0)
			break;
		if (!quarantine->arena->inaccessible)
			slab_begin(ready, slab, slots[0], taken);
		const unsigned char *start = slab_slot(slab, 0);
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

__attribute__((noinline)) struct ready *ready_refill(struct quarantine *quarantine, unsigned class)
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

/* --- Giving back, and looking over -------------------------------------------------------------- */

static void recent_clear(struct quarantine *quarantine)
{
	static const unsigned char zeros[SLACK_PAIR_BYTES];

	for (unsigned i = 0; i < QUARANTINE_RECENT; i++)
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

static unsigned ready_give_back(struct arena *arena, struct ready *ready)
{
	if (ready == NULL)
		return 0;
	unsigned given = freed_give_back(arena, ready->slots, ready->count);
	ready->count = 0;
	ready->next = 0;
	return given;
}

static unsigned one_give_back(struct quarantine *quarantine)
{
	struct arena *arena = quarantine->arena;
	unsigned given = 0;

	for (unsigned i = 0; i < QUARANTINE_RECENT; i++)
		given += freed_give_back(arena, &quarantine->recent[i].freed, 1);
	recent_clear(quarantine);
	given += freed_give_back(arena, quarantine->small, QUARANTINE_SMALL);
	given += freed_give_back(arena, quarantine->larger, QUARANTINE_LARGER);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		given += ready_give_back(arena, quarantine->ready[class]);
	return given;
}

bool quarantine_give_back(void)
{
	unsigned given = 0;

	for (unsigned i = 0; i < quarantines_used; i++) {
		struct arena *arena = quarantines[i]->arena;
		lock_acquire(&arena->lock);
		given += one_give_back(quarantines[i]);
		lock_release(&arena->lock);
	}
	return given != 0;
}

static void freed_sweep(const struct freed *freed, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (freed[i].used)
			inspect_sweep(freed_slab(freed[i]), freed[i].slot);
}

void quarantine_sweep(void)
{
	for (unsigned i = 0; i < quarantines_used; i++) {
		struct arena *arena = quarantines[i]->arena;
		if (!lock_try(&arena->lock))
			continue;
		for (unsigned j = 0; j < QUARANTINE_RECENT; j++)
			freed_sweep(&quarantines[i]->recent[j].freed, 1);
		freed_sweep(quarantines[i]->small, QUARANTINE_SMALL);
		freed_sweep(quarantines[i]->larger, QUARANTINE_LARGER);
		lock_release(&arena->lock);
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
	quarantine->random = machine_random() | 1;
	quarantine->arena = arena;
	recent_clear(quarantine);
	quarantines[arena->number] = quarantine;
	return quarantine;
}

bool quarantine_boot(void)
{
	unsigned used = 0;
	unsigned wanted = options.arenas != 0 ? (unsigned)options.arenas : 4 * machine_cpus();

	for (unsigned i = 0; i < wanted && i < QUARANTINES_MAX; i++) {
		if (slab_arena(i) == NULL && slab_arena_new(ARENAS_MAX) == NULL)
			break;
		if (quarantine_new(slab_arena(i)) == NULL)
			break;
		used++;
	}
	quarantine_of_zero = quarantine_new(slab_arena_new(ARENAS_MAX));
	if (used == 0 || quarantine_of_zero == NULL)
		return false;
	quarantine_of_zero->arena->inaccessible = true;
	__atomic_store_n(&quarantines_used, used, __ATOMIC_RELEASE);
	return true;
}
