/*
 * sampling - which allocations are the one in N that gets guarded pages: told without counting on the fast paths.
 *
 *     free -> | returns |  <- change places when the magazine is empty ->  | magazine | -> malloc
 *
 * Holds:  how many allocations come before the next, for each thread, in its cache.
 * Always: the slots of a magazine are counted when they come into it; those whose turn it will be are masked.
 * Locks:  none: who calls has the cache to itself. May take ARENA and PAGE_B.
 */
#include "sampling.h"
#include "machine.h"

uint64_t sampling_one_in;

static void mask(struct slot *slot)
{
	slot->state = slot->ptr;
	slot->ptr = AWAKE_NO_ADDRESS;
}

/* The allocations that come before the next to be sampled: from 0 to 2 * (N - 1), N - 1 in the mean.
 * (Marsaglia: Xorshift RNGs, 2003.) */
static uint64_t sample_draw(struct tcache *tcache)
{
	tcache_more(tcache)->random ^= tcache_more(tcache)->random << 13;
	tcache_more(tcache)->random ^= tcache_more(tcache)->random >> 7;
	tcache_more(tcache)->random ^= tcache_more(tcache)->random << 17;
	return tcache_more(tcache)->random % (2 * sampling_one_in - 1);
}

runs_seldom void sampling_prepare(struct tcache *tcache)
{
	tcache->samples = true;
	tcache_more(tcache)->random = machine_random() | 1;
	tcache_more(tcache)->sample_in = sample_draw(tcache);
}

/* The slots of a magazine are as many allocations to come: counts them, and masks those whose turn it is. */
runs_seldom static void sample_count(struct tcache *tcache, unsigned class)
{
	struct magazine *magazine = &tcache->magazines[class];
	unsigned slots = tcache_slots_in(tcache, magazine, class);
	unsigned left = slots;

	while (tcache_more(tcache)->sample_in < left) {
		left -= (unsigned)tcache_more(tcache)->sample_in + 1;
		mask(magazine->top - slots + left);
		tcache_more(tcache)->sample_in = sample_draw(tcache);
	}
	tcache_more(tcache)->sample_in -= left;
}

/* Meets a refill out of the returns, or with a masked slot. Returns: false when there is none. */
runs_seldom static bool returns_refill(struct tcache *tcache, unsigned class, struct slot *slot)
{
	struct magazine *magazine = &tcache->magazines[class];
	struct magazine *returns = &tcache_more(tcache)->returns[class];
	struct magazine empty = *magazine;
	bool swaps = tcache_slots_in(tcache, magazine, class) == 0;

	if (swaps) {
		if (tcache_slots_in(tcache, returns, class) == 0)
			return false;
		*magazine = *returns;
		*returns = empty;
	}
	magazine->top--;
	if (magazines_is_masked(magazine->top))
		magazines_unmask(magazine->top);
	*slot = *magazine->top;
	if (swaps)
		sample_count(tcache, class);
	return true;
}

runs_seldom struct slot sampling_refill(struct tcache *tcache, unsigned class)
{
	struct slot slot;

	magazines_change(tcache, class + 1);
	bool met = returns_refill(tcache, class, &slot);
	magazines_change(tcache, 0);
	if (met)
		return slot;
	slot = magazines_refill(tcache, class);
	magazines_change(tcache, class + 1);
	sample_count(tcache, class);
	magazines_change(tcache, 0);
	return slot;
}

runs_seldom bool sampling_is_due(struct tcache *tcache, unsigned class)
{
	if (class < SIZECLASS_COUNT) {
		struct slot *last = tcache->magazines[class].top - 1;
		if (magazines_is_masked(last)) {
			magazines_change(tcache, class + 1);
			magazines_unmask(last);
			magazines_change(tcache, 0);
			return true;
		}
		if (last->ptr != AWAKE_NO_ADDRESS)
			return false; /* it was counted with the others */
	}
	if (tcache_more(tcache)->sample_in > 0) {
		tcache_more(tcache)->sample_in--;
		return false;
	}
	tcache_more(tcache)->sample_in = sample_draw(tcache);
	return true;
}
