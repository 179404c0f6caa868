/*
 * sampling.h - which allocations are the one in N.
 *
 * While one allocation in N is sampled, free puts slots into a second set of magazines, and the two of a
 * class change places when the first is empty: so a magazine's slots are as many allocations, counted when
 * they are put there, and the fast paths need not count. A slot whose turn it will be is masked: its ptr is
 * that of the bottom, so malloc comes to the slow path; the place of its state keeps the ptr.
 *
 * Whoever calls has the cache to itself, as for magazines.h. No locks are held; errno is left alone.
 */
#ifndef SAMPLING_H
#define SAMPLING_H

#include "magazines.h"

#include <stdbool.h>
#include <stdint.h>

/* One allocation in so many is sampled; 0: none. Set at boot. */
extern uint64_t sampling_one_in;

/* Has a new cache, all zero, sample. Before magazines_prepare. */
void sampling_prepare(struct tcache *tcache);

/* As magazines_refill, in a cache that samples: out of the returns, if there are any, or with the masked slot that is on
 * top. Returns: a slot whose ptr is NULL when there is no memory. */
struct slot sampling_refill(struct tcache *tcache, unsigned class);

/* Whether this allocation, of a class or a large one, is the one in N. */
bool sampling_is_due(struct tcache *tcache, unsigned class);

#endif
