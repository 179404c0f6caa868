/*
 * magazines - the free slots that a thread has at hand: a stack of them for each class.
 *
 *     slab -> refill -> | bottom | slot | slot | slot |      | -> malloc, and back from free
 *                                                    ^ top  ^ limit
 *
 * Holds:  nothing: magazines lie in the cache of their thread, and their slots in records of Page B.
 * Always: a slot in a magazine is not LIVE, and belongs to the cache's arena.
 * Locks:  none: who calls has the cache to itself. May take ARENA and PAGE_B.
 */
#include "magazines.h"
#include "options.h"
#include "page_b.h"
#include "slots.h"

#include <string.h>

/* A magazine starts with room for so many bytes, in so many slots at least, and at most; and doubles while it misses. With
 * the bottom, they fill cache lines of its record. */
#define MAGAZINE_BYTES_FIRST       ((size_t)1024)
#define MAGAZINE_SLOTS_FIRST_LEAST 3u
#define MAGAZINE_SLOTS_FIRST_MOST  15u
#define MAGAZINE_SLOTS_MAX         511u

_Static_assert((MAGAZINE_SLOTS_FIRST_LEAST + 1) * sizeof(struct slot) == PAGE_B_ALIGN,
               "with the bottom, a cache line");
_Static_assert((MAGAZINE_SLOTS_MAX + 1) * sizeof(struct slot) <= PAGE_B_RECORD_BYTES_MAX,
               "with the bottom, a record");

/* What a thread has at hand, nobody else can use. So many threads may have as much of a class as the option allows, and a
 * few slots of each; where there are more, each has less, but twice as much of a class of which it has missed many: it
 * works; and four times as much where it has missed as many again. */
#define THREADS_FEW               4u
#define MAGAZINE_SLOTS_FEW        4u
#define MAGAZINE_BYTES_MANY_LEAST ((size_t)2048)
#define MISSES_MANY               24u
#define MISSES_MOST               (2 * MISSES_MANY)

/* Where there are more than so many, most have done a little, and sleep since then: a magazine of larger slots than that
 * has no room until it has missed many. */
#define THREADS_MANY            6u
#define MAGAZINE_SLOT_BYTES_ANY 256u

/* What leaves magazines goes so many at a time. */
#define LEAVING_SLOTS   64u
#define LEAVING_RECORDS 16u

/* Below the lowest slot of a magazine that has none. Never written to. */
static struct slot bottom[1] = {{.ptr = AWAKE_NO_ADDRESS}};

#define NO_SLOTS ((struct magazine){.top = bottom + 1, .limit = bottom + 1})

/* Every magazine of this is empty, and has no room; nor has the outbox, which is not there: nor are the returns, as
 * free, of no arena, never comes to them. Never written to, but by the loader: aligned no more than need be, as what that
 * writes to fills just one page. */
struct tcache tcache_none __attribute__((section(".data.rel.ro"), aligned(16))) = {
        .magazines = {[0 ... SIZECLASS_COUNT - 1] = {.top = bottom + 1, .limit = bottom + 1}},
        .arena_number = TCACHE_ARENA_NONE,
        .outbox_count = TCACHE_OUTBOX_SLOTS,
};

unsigned magazines_caches;

void magazines_change(struct tcache *tcache, unsigned what)
{
	__atomic_store_n(&tcache->changing, (uint8_t)what, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void magazines_prepare(struct tcache *tcache)
{
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		tcache->magazines[class] = NO_SLOTS;
		if (tcache->samples)
			tcache_more(tcache)->returns[class] = NO_SLOTS;
	}
}

/* --- Their room --------------------------------------------------------------------------------- */

static uint32_t at_most(size_t number, uint32_t most)
{
	return number < most ? (uint32_t)number : most;
}

static bool misses_many(const struct tcache *tcache, unsigned class)
{
	return tcache_more(tcache)->misses[class] >= MISSES_MANY;
}

/* The most bytes of a class that a thread may have at hand, where there are more than a few. */
static size_t bytes_of_many(const struct tcache *tcache, unsigned class)
{
	size_t bytes = options.magazine_bytes_max * THREADS_FEW / tcache_count();

	if (bytes < MAGAZINE_BYTES_MANY_LEAST)
		bytes = MAGAZINE_BYTES_MANY_LEAST;
	bytes <<= tcache_more(tcache)->misses[class] / MISSES_MANY;
	return bytes < options.magazine_bytes_max ? bytes : options.magazine_bytes_max;
}

/* The most slots a magazine of a class may have: bounded in number and in bytes; 0: every one comes from
 * its slab, and goes back there. */
static uint32_t capacity_max(const struct tcache *tcache, unsigned class)
{
	size_t bytes = options.magazine_bytes_max;
	size_t few = MAGAZINE_SLOTS_FEW * sizeclasses[class].slot_bytes;

	if (tcache_count() > THREADS_FEW)
		bytes = bytes_of_many(tcache, class);
	else if (bytes < few)
		bytes = few;
	return at_most(bytes / sizeclasses[class].slot_bytes, MAGAZINE_SLOTS_MAX);
}

/* The room that a magazine has next; most is its capacity_max. */
static uint32_t capacity_next(const struct tcache *tcache, unsigned class, uint32_t most)
{
	uint32_t capacity = tcache->capacities[class] * 2u + 1;

	if (tcache->capacities[class] == 0)
		capacity = at_most(MAGAZINE_BYTES_FIRST / sizeclasses[class].slot_bytes,
		                   MAGAZINE_SLOTS_FIRST_MOST) |
		           MAGAZINE_SLOTS_FIRST_LEAST;
	return at_most(capacity, most);
}

/* Whether a magazine that misses is to grow. */
static bool grows_now(const struct tcache *tcache, unsigned class)
{
	return sizeclasses[class].slot_bytes <= MAGAZINE_SLOT_BYTES_ANY ||
	       misses_many(tcache, class) || tcache_count() <= THREADS_MANY;
}

static size_t slots_bytes(size_t slots)
{
	return slots * sizeof(struct slot);
}

/* The lowest slot of a magazine; the one below is the bottom. */
static struct slot *lowest(const struct tcache *tcache, const struct magazine *magazine,
                           unsigned class)
{
	return magazine->limit - tcache->capacities[class];
}

/* Requires: the magazine has room. */
static struct page_b_record record_of(const struct tcache *tcache, const struct magazine *magazine,
                                      unsigned class)
{
	return (struct page_b_record){lowest(tcache, magazine, class) - 1,
	                              slots_bytes(tcache->capacities[class] + 1u)};
}

/* Moves a magazine's slots to a record with room for more. */
static void magazine_move(struct tcache *tcache, struct magazine *magazine, unsigned class,
                          struct slot *record, uint32_t capacity)
{
	unsigned count = tcache_slots_in(tcache, magazine, class);

	record->ptr = AWAKE_NO_ADDRESS;
	memcpy(record + 1, lowest(tcache, magazine, class), slots_bytes(count));
	if (tcache->capacities[class] != 0) {
		struct page_b_record old = record_of(tcache, magazine, class);
		page_b_record_free(old.at, old.bytes);
	}
	magazine->top = record + 1 + count;
	magazine->limit = record + 1 + capacity;
}

runs_seldom void magazines_unmask(struct slot *slot)
{
	uint64_t rest;

	slot->ptr = slot->state;
	const struct pagemap_entry *entry = pagemap_find(slot->ptr);
	slot->state = entry->states + sizeclass_divide((uintptr_t)slot->ptr - entry->start,
	                                               entry->reciprocal, &rest);
}

/* What is leaving magazines, gathered: slots of one arena, and records of Page B. */
struct leaving {
	struct arena *arena;
	unsigned slots_count, records_count;
	struct slot slots[LEAVING_SLOTS];
	struct page_b_record records[LEAVING_RECORDS];
};

static void leaving_begin(struct leaving *leaving, const struct tcache *tcache)
{
	leaving->arena = tcache->arena;
	leaving->slots_count = 0;
	leaving->records_count = 0;
}

runs_later static void leaving_send(struct leaving *leaving)
{
	if (leaving->slots_count != 0)
		slots_flush(leaving->arena, leaving->slots, leaving->slots_count);
	page_b_records_free(leaving->records, leaving->records_count);
	leaving->slots_count = 0;
	leaving->records_count = 0;
}

runs_later static void magazine_leave(const struct tcache *tcache, struct magazine *magazine,
                                      unsigned class, struct leaving *leaving)
{
	unsigned count = tcache_slots_in(tcache, magazine, class);
	struct slot *slots = lowest(tcache, magazine, class);

	for (unsigned i = 0; i < count; i++) {
		if (leaving->slots_count == LEAVING_SLOTS)
			leaving_send(leaving);
		if (unlikely(magazines_is_masked(&slots[i])))
			magazines_unmask(&slots[i]);
		leaving->slots[leaving->slots_count++] = slots[i];
	}
	if (leaving->records_count == LEAVING_RECORDS)
		leaving_send(leaving);
	leaving->records[leaving->records_count++] = record_of(tcache, magazine, class);
	*magazine = NO_SLOTS;
}

static void class_leave(struct tcache *tcache, unsigned class, struct leaving *leaving)
{
	if (tcache->capacities[class] == 0)
		return;
	magazine_leave(tcache, &tcache->magazines[class], class, leaving);
	if (tcache->samples)
		magazine_leave(tcache, &tcache_more(tcache)->returns[class], class, leaving);
	tcache->capacities[class] = 0;
}

/* Empties the magazine of a class, and its returns, and takes their room. */
runs_later static void class_free(struct tcache *tcache, unsigned class)
{
	struct leaving leaving;

	leaving_begin(&leaving, tcache);
	class_leave(tcache, class, &leaving);
	leaving_send(&leaving);
}

runs_later void magazines_free(struct tcache *tcache, unsigned changing)
{
	struct leaving leaving;

	leaving_begin(&leaving, tcache);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		if (class + 1 != changing)
			class_leave(tcache, class, &leaving);
	leaving_send(&leaving);
}

/* Gives the magazine of a class twice its room, up to most, and its returns while there are any.
 * Returns: false when it has all it may, or without memory. */
static bool magazine_grow(struct tcache *tcache, unsigned class, uint32_t most)
{
	uint32_t capacity = capacity_next(tcache, class, most);
	struct slot *second = NULL;

	if (capacity <= tcache->capacities[class])
		return false;
	struct slot *first = page_b_record_new(slots_bytes(capacity + 1));
	if (first != NULL && tcache->samples) {
		second = page_b_record_new(slots_bytes(capacity + 1));
		if (second == NULL) {
			page_b_record_free(first, slots_bytes(capacity + 1));
			return false;
		}
	}
	if (first == NULL)
		return false;
	magazine_move(tcache, &tcache->magazines[class], class, first, capacity);
	if (second != NULL)
		magazine_move(tcache, &tcache_more(tcache)->returns[class], class, second,
		              capacity);
	tcache->capacities[class] = (uint16_t)capacity;
	return true;
}

/* Makes room in a magazine that has none. Returns: false when it never has any. */
static bool make_room(struct tcache *tcache, struct magazine *magazine, unsigned class)
{
	uint32_t most = capacity_max(tcache, class);

	if (tcache->capacities[class] > most)
		class_free(tcache, class); /* there were fewer threads when it grew */
	if (grows_now(tcache, class) && magazine_grow(tcache, class, most))
		return true;
	/* The older half goes. */
	uint32_t half = (tcache->capacities[class] + 1u) / 2;
	if (half == 0)
		return false;
	struct slot *slots = lowest(tcache, magazine, class);
	slots_flush(tcache->arena, slots, half);
	size_t kept = (size_t)(magazine->top - slots) - half;
	memmove(slots, slots + half, slots_bytes(kept));
	magazine->top = slots + kept;
	return true;
}

void magazines_keep(struct tcache *tcache, struct slot slot, const struct pagemap_entry *entry)
{
	unsigned class = entry->sizeclass;
	struct magazine *magazine = (struct magazine *)(void *)((char *)tcache + entry->magazine);
	bool room = true;

	magazines_change(tcache, class + 1);
	if (magazine->top == magazine->limit)
		room = make_room(tcache, magazine, class);
	if (room) {
		*magazine->top = slot;
		magazine->top++;
	} else {
		slots_flush(tcache->arena, &slot, 1);
	}
	magazines_change(tcache, 0);
}

/* --- Refills ------------------------------------------------------------------------------------ */

/* Takes a slot for an empty magazine, and more to fill it with. */
static struct slot refill(struct tcache *tcache, unsigned class)
{
	struct slot slot = {0};

	if (tcache_more(tcache)->misses[class] < MISSES_MOST)
		tcache_more(tcache)->misses[class]++;
	if (grows_now(tcache, class))
		magazine_grow(tcache, class, capacity_max(tcache, class));
	uint32_t capacity = tcache->capacities[class];
	if (capacity == 0) {
		slots_fill(tcache->arena, class, &slot, 1);
		return slot;
	}
	struct slot *slots = lowest(tcache, &tcache->magazines[class], class);
	uint32_t count = slots_fill(tcache->arena, class, slots, (capacity + 1) / 2);
	if (count != 0) {
		slot = slots[count - 1];
		tcache->magazines[class].top = slots + count - 1;
	}
	return slot;
}

struct slot magazines_refill(struct tcache *tcache, unsigned class)
{
	magazines_change(tcache, class + 1);
	struct slot slot = refill(tcache, class);
	magazines_change(tcache, 0);
	const struct magazine *magazine = &tcache->magazines[class];
	const struct slot *slots = lowest(tcache, magazine, class);
	if (magazine->top > slots) /* the one that was taken lies above */
		slots_populate(slots, (unsigned)(magazine->top - slots) + 1, class,
		               misses_many(tcache, class));
	return slot;
}
