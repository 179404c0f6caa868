/*
 * mail - boxes of slots on their way home.
 *
 *     put ->  | slot | slot | slot |      |   the open bag
 *             | slot | slot |      |      |   the other: who took it last is through with it
 *
 * Holds:  nothing: each box belongs to an arena.
 * Always: a bag has as many slots as its count says; they are in nobody else's hands.
 * Locks:  none. A flag, which is only ever tried, says that a thread is at the box.
 */
#include "mail.h"
#include "page_b.h"
#include "report.h"

#include <stddef.h>
#include <string.h>

#define BAG_SLOTS 192u

struct mail {
	bool busy;
	uint8_t open;
	uint16_t counts[2];
	struct slot bags[2][BAG_SLOTS];
};

_Static_assert(sizeof(struct mail) <= PAGE_B_RECORD_BYTES_MAX, "a record");

static bool box_try(struct mail *box)
{
	return !__atomic_exchange_n(&box->busy, true, __ATOMIC_ACQUIRE);
}

static void box_leave(struct mail *box)
{
	__atomic_store_n(&box->busy, false, __ATOMIC_RELEASE);
}

static struct mail *box_make(struct mail **place)
{
	struct mail *none = NULL, *box = page_b_record_new(sizeof *box);

	if (box == NULL)
		return NULL;
	if (__atomic_compare_exchange_n(place, &none, box, false, __ATOMIC_ACQ_REL,
	                                __ATOMIC_ACQUIRE))
		return box;
	page_b_record_free(box, sizeof *box);
	return none;
}

unsigned mail_count(const struct mail *box)
{
	if (box == NULL)
		return 0;
	unsigned open = __atomic_load_n(&box->open, __ATOMIC_RELAXED);
	return __atomic_load_n(&box->counts[open], __ATOMIC_RELAXED);
}

bool mail_put(struct mail **place, const struct slot *slots, unsigned count)
{
	struct mail *box = __atomic_load_n(place, __ATOMIC_ACQUIRE);

	if (box == NULL)
		box = box_make(place);
	if (box == NULL || !box_try(box))
		return false;
	unsigned before = box->counts[box->open];
	bool fits = count <= BAG_SLOTS - before;
	if (fits) {
		memcpy(&box->bags[box->open][before], slots, count * sizeof *slots);
		__atomic_store_n(&box->counts[box->open], (uint16_t)(before + count),
		                 __ATOMIC_RELEASE);
	}
	box_leave(box);
	return fits;
}

unsigned mail_take(struct mail *box, const struct slot **slots)
{
	if (mail_count(box) == 0 || !box_try(box))
		return 0;
	unsigned full = box->open;
	unsigned count = box->counts[full];
	__atomic_store_n(&box->counts[!full], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&box->open, (uint8_t)!full, __ATOMIC_RELAXED);
	box_leave(box);
	*slots = box->bags[full];
	return count;
}

runs_later void mail_fork_child(struct mail *box)
{
	if (box != NULL)
		box->busy = false;
}
