/*
 * outbox - slots that a thread has freed, and that belong to other arenas: sent home in batches.
 *
 * Holds:  nothing: an outbox lies in the cache of its thread.
 * Always: a slot in it is not LIVE.
 * Locks:  none: who calls has the cache to itself. May take ARENA.
 */
#include "outbox.h"
#include "slots.h"

/* It is full, too, when it has so many bytes in slots that are not small. */
#define OUTBOX_BYTES_MAX 32768u

static void outbox_swap(struct tcache *tcache, unsigned one, unsigned other)
{
	struct slot slot = tcache_more(tcache)->outbox[one];
	uint16_t arena = tcache_more(tcache)->outbox_arenas[one];

	tcache_more(tcache)->outbox[one] = tcache_more(tcache)->outbox[other];
	tcache_more(tcache)->outbox_arenas[one] = tcache_more(tcache)->outbox_arenas[other];
	tcache_more(tcache)->outbox[other] = slot;
	tcache_more(tcache)->outbox_arenas[other] = arena;
}

/* Sends home, of the slots from first on, those of the first one's arena: mostly all of them.
 * Returns: the first of the others, which changed places with them. */
static unsigned outbox_send_some(struct tcache *tcache, unsigned first)
{
	const uint16_t *arenas = tcache_more(tcache)->outbox_arenas;
	unsigned count = tcache->outbox_count;
	unsigned end = first + 1;

	while (end < count && arenas[end] == arenas[first])
		end++;
	for (unsigned i = end + 1; i < count; i++)
		if (arenas[i] == arenas[first])
			outbox_swap(tcache, i, end++);
	slots_send(slab_arena(arenas[first]), tcache_more(tcache)->outbox + first, end - first);
	return end;
}

void outbox_send(struct tcache *tcache)
{
	unsigned sent = 0;

	magazines_change(tcache, TCACHE_OUTBOX_CHANGES);
	while (sent < tcache->outbox_count)
		sent = outbox_send_some(tcache, sent);
	__atomic_store_n(&tcache->outbox_count, 0, __ATOMIC_RELAXED);
	tcache_more(tcache)->outbox_bytes = 0;
	magazines_change(tcache, 0);
}

bool outbox_is_full(const struct tcache *tcache)
{
	return tcache->outbox_count == TCACHE_OUTBOX_SLOTS ||
	       tcache_more(tcache)->outbox_bytes >= OUTBOX_BYTES_MAX;
}

void outbox_put_any(struct tcache *tcache, struct slot slot, const struct pagemap_entry *entry)
{
	if (outbox_slot_is_large(entry))
		tcache_more(tcache)->outbox_bytes += sizeclasses[entry->sizeclass].slot_bytes;
	outbox_put(tcache, slot, entry->arena);
}
