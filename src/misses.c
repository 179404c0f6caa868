/*
 * misses - the slow paths of malloc and free: what they do where the fast ones, of the room hits, find nothing at hand.
 *
 *     malloc:  the magazine is empty  ->  refilled from the slabs
 *     free:    the magazine is full   ->  it grows, or its older half goes back
 *              another arena's slot   ->  the outbox, and home from there
 *
 * Holds:  nothing: slots lie in the cache of the thread.
 * Always: the cache is hidden, or said to be busy, while it is changed; a free leaves errno alone, where it finds no memory
 *         for more at hand, too.
 * Locks:  none of its own; may take THREADS, ARENA and PAGE_B.
 */
#include "misses.h"
#include "idle.h"
#include "outbox.h"
#include "sampling.h"
#include "slots.h"
#include "tcache.h"

#include <errno.h>

__attribute__((noinline)) static void send_slow(struct slot slot, const struct pagemap_entry *entry)
{
	if (tcache_is_busy())
		return; /* it is lost */
	/* Or a signal handler has interrupted its thread where that puts something into the outbox. */
	int saved = errno;
	bool apart = !tcache_have() || tcache_more(tcache_of_thread())->busy != 0;
	struct tcache *tcache = tcache_hide();
	if (apart) {
		slots_flush(slab_arena(entry->arena), &slot, 1);
	} else if (entry->arena == tcache->arena_number) {
		magazines_keep(tcache, slot, entry);
	} else {
		if (outbox_is_full(tcache)) {
			outbox_send(tcache);
			idle_tick();
		}
		outbox_put_any(tcache, slot, entry);
	}
	tcache_show(tcache);
	errno = saved;
}

__attribute__((noinline)) void misses_send(void *ptr, const struct pagemap_entry *entry,
                                           uint8_t *state)
{
	struct tcache *tcache = tcache_shown();
	struct slot slot = {.ptr = ptr, .state = state};

	*state = SLOT_DEAD;
	/* It may just be emptied by another thread: then there is as much room, or more. */
	unsigned count = __atomic_load_n(&tcache->outbox_count, __ATOMIC_RELAXED);
	if (unlikely(awake_not() || count == TCACHE_OUTBOX_SLOTS || outbox_slot_is_large(entry) ||
	             entry->arena == tcache->arena_number || tcache_more(tcache)->busy != 0)) {
		send_slow(slot, entry);
		return;
	}
	bool wanted = tcache_enter(tcache);
	if (likely(!wanted))
		outbox_put(tcache, slot, entry->arena);
	tcache_leave(tcache);
	if (unlikely(wanted))
		send_slow(slot, entry);
}

void misses_push(struct slot slot, const struct pagemap_entry *entry)
{
	misses_send(slot.ptr, entry, slot.state);
}

struct slot misses_pop(unsigned class)
{
	bool cached = tcache_have();
	struct tcache *tcache = tcache_hide();
	struct slot slot = tcache->magazines[class].top[-1];

	if (slot.ptr != AWAKE_NO_ADDRESS) {
		tcache->magazines[class].top--;
	} else if (likely(cached)) {
		slot = unlikely(tcache->samples) ? sampling_refill(tcache, class)
		                                 : magazines_refill(tcache, class);
		idle_tick();
	} else {
		/* No cache any more, or no memory for one: one slot, of the first arena. */
		slot.ptr = NULL;
		slots_fill(slab_arena(0), class, &slot, 1);
	}
	tcache_show(tcache);
	return slot;
}

__attribute__((noinline)) void misses_spill(void *ptr, const struct pagemap_entry *entry,
                                            uint8_t *state)
{
	struct slot slot = {.ptr = ptr, .state = state};
	int saved = errno;

	*state = SLOT_DEAD;
	/* A signal handler may have come in between when the thread was to be noted as awake no more. */
	if (unlikely(!tcache_has_arena(tcache_of_thread()))) {
		send_slow(slot, entry);
		return;
	}
	struct tcache *tcache = tcache_hide();
	magazines_keep(tcache, slot, entry);
	idle_tick();
	tcache_show(tcache);
	errno = saved;
}

runs_seldom bool misses_sample_due(unsigned class)
{
	if (!tcache_have())
		return false;
	struct tcache *tcache = tcache_hide();
	bool due = sampling_is_due(tcache, class);
	tcache_show(tcache);
	return due;
}
