/*
 * outbox.h - where a cache keeps what its thread has freed of other arenas, until there is a batch to send home.
 *
 * The cache is the caller's alone meanwhile, as magazines.h has it.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "magazines.h"

/* Slots of more bytes than that are not small. */
#define OUTBOX_SMALL_BYTES_MAX 1024u

/* Whether the slots of a slab are not small: they fill an outbox sooner. */
static inline bool outbox_slot_is_large(const struct pagemap_entry *entry)
{
	return entry->reciprocal <= UINT64_MAX / OUTBOX_SMALL_BYTES_MAX;
}

/* Puts a small slot of an arena into an outbox that has room. For the fast path of a free across arenas. */
static inline void outbox_put(struct tcache *tcache, struct slot slot, unsigned arena)
{
	uint16_t count = tcache->outbox_count;

	/* Not as a pair: one that was just put together in memory can be copied only when the stores
	 * before it are done, that of the state among them, which another core mostly has. */
	tcache_more(tcache)->outbox[count].ptr = slot.ptr;
	tcache_more(tcache)->outbox[count].state = slot.state;
	tcache_more(tcache)->outbox_arenas[count] = (uint16_t)arena;
	__atomic_store_n(&tcache->outbox_count, (uint16_t)(count + 1), __ATOMIC_RELEASE);
}

/* The same for a slot of any size, of the slab that this entry is of. */
void outbox_put_any(struct tcache *tcache, struct slot slot, const struct pagemap_entry *entry);

/* Whether the outbox is to be sent before a slot is put there. */
bool outbox_is_full(const struct tcache *tcache);

/* Sends home all that is in it. */
void outbox_send(struct tcache *tcache);

#endif
