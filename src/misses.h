/*
 * misses.h - what malloc and free do when they do not hit.
 *
 * A slot that belongs to another arena than the thread's goes to the outbox, and home from there in batches.
 * All functions may be called from any thread, and from a signal handler that has interrupted one of these: none may hold
 * a lock of the library's. No errno is set.
 */
#ifndef MISSES_H
#define MISSES_H

#include "slab.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes a slot of a class, not yet LIVE. Returns: a slot whose ptr is NULL when there is no memory. */
struct slot misses_pop(unsigned class);

/* Takes back a slot that was live until now. */
void misses_push(struct slot slot, const struct pagemap_entry *entry);

/* The same, for the fast path of free: its magazine is full; it belongs to another arena, or the thread has slept. The
 * last argument is the state, as the register that it comes in is the one that free has it in. */
void misses_spill(void *ptr, const struct pagemap_entry *entry, uint8_t *state);
void misses_send(void *ptr, const struct pagemap_entry *entry, uint8_t *state);

/* Whether this allocation, of a class or a large one, is the one in N. To be asked once for each allocation
 * that comes to the slow path, before it is met. */
bool misses_sample_due(unsigned class);

#endif
