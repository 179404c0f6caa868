/*
 * slots.h - the slots of slabs, dealt out in batches and taken home.
 *
 * All functions lock the arena themselves, but for those that say otherwise.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "slab.h"

/* Takes up to wanted slots out of the arena's slabs, the lowest address last.
 * Returns: how many; 0 with ENOMEM when there is no room for a slab. */
unsigned slots_fill(struct arena *arena, unsigned class, struct slot *slots, unsigned wanted);

/* After a fill: makes the pages of its slots, the lowest last, which will soon be touched one by one. Few slots are
 * for a program that may not want more of them: who wants many gets more at a time. Of larger slots, only where the
 * thread has wanted many before. */
void slots_populate(const struct slot *slots, unsigned count, unsigned class, bool many);

/* Puts slots of this arena, none of them live, back into their slabs. */
void slots_flush(struct arena *arena, const struct slot *slots, unsigned count);

/* The same, later: leaves them in the arena's mail, where whoever has its lock next finds them. */
void slots_send(struct arena *arena, const struct slot *slots, unsigned count);

/* In the child of a fork: whoever was at the mail of an arena is no more. */
void slots_fork_child(void);

/* When set, called for a slot that was freed twice without either free being able to tell. The arena's lock
 * is held. */
extern void (*slots_came_twice)(void *ptr);

/* Puts what came by mail where it belongs. Locks: the arena's is held. */
void slots_open_mail(struct arena *arena);

/* Takes up to wanted free slots of one slab by chance, which may be none; puts one back, and leaves errno as it
 * is. Hardened mode.
 * Locks: the arena's is held. Returns: how many; 0 with ENOMEM. */
unsigned slots_take_held(struct arena *arena, unsigned class, uint64_t chance, struct slab **slab,
                         uint16_t *slots, unsigned wanted);
void slots_return_held(struct arena *arena, struct slab *slab, unsigned slot);

#endif
