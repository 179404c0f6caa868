/*
 * mail.h - slots on their way home: other threads leave them in an arena's box, and who has the arena's lock takes them
 * out.
 *
 * So a thread that frees what another allocates need not wait for the arena's lock, nor hold it while it touches the
 * records and the states of another core. Neither side ever waits for the other. (Message passing between allocators:
 * Lietar et al.: snmalloc: a message passing allocator, 2019.)
 */
#ifndef MAIL_H
#define MAIL_H

#include <stdbool.h>
#include <stdint.h>

/* A slot outside of its slab: what a magazine holds. */
struct slot {
	void *ptr;
	uint8_t *state;
};

struct mail;

/* Puts slots into a box, which is made where there is none: any thread, without a lock.
 * Returns: false when there is no room for all of them, or another thread is at it: nothing has changed. */
bool mail_put(struct mail **box, const struct slot *slots, unsigned count);

/* Takes all that is in a box; slots: where they lie until it is next taken from.
 * Locks: that of the box's arena is held. Returns: how many; 0 also when another thread is at it. */
unsigned mail_take(struct mail *box, const struct slot **slots);

/* How many slots are in a box, NULL among them; others may be changing that. */
unsigned mail_count(const struct mail *box);

/* In the child of a fork: nobody is at the box. */
void mail_fork_child(struct mail *box);

#endif
