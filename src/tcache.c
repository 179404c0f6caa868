/*
 * tcache - a thread's magazines and its outbox.
 *
 * Holds:  a cache for each thread that called; the list of them all.
 * Always: a cached slot is not LIVE; magazines hold slots of the thread's own arena only. Only the thread itself
 *         touches its cache, but for the child of a fork, and for a thread that empties it: see below.
 * Locks:  threads (rank THREADS) for the list, for who uses which arena, and to empty caches of others; may then take
 *         ARENA.
 */
#include "tcache.h"
#include "heap.h"
#include "idle.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_b.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A magazine starts with room for so many slots, and doubles while it misses. */
#define MAGAZINE_SLOTS_FIRST 4u
#define MAGAZINE_SLOTS_MAX   511u

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

/* Where there are more than so many, most have done a little, and sleep since then: a magazine whose first room
 * would be more than so many bytes has none until it has missed many. */
#define THREADS_MANY         6u
#define MAGAZINE_BYTES_FIRST ((size_t)1024)

/* The outbox is sent when it is full, or has so many bytes in slots that are not small. */
#define OUTBOX_SMALL_BYTES_MAX 1024u
#define OUTBOX_BYTES_MAX       32768u

/* A cache is emptied when its thread was not at it in so many rounds, of which there are four in the time after which
 * memory is idle; of so many caches in a round. */
#define SLEEPS_ROUNDS   2u
#define EMPTIES_AT_ONCE 128u

/* What a program has few blocks of, it mostly has at different times: those of so many bytes and more may lie in a slot
 * of one of so many classes above. */
#define RARE_BYTES_MIN     2048u
#define RARE_CLASSES_ABOVE 3u

/* Below the lowest slot of a magazine that has none. Never written to. */
static struct slot bottom[1] = {{.ptr = AWAKE_NO_ADDRESS}};

#define NO_SLOTS ((struct magazine){.top = bottom + 1, .limit = bottom + 1})

/* Every magazine of this is empty, and has no room; nor has the outbox, which is not there: nor are the returns, as
 * free, of no arena, never comes to them. Never written to. */
struct tcache tcache_none __attribute__((section(".data.rel.ro"))) = {
        .magazines = {[0 ... SIZECLASS_COUNT - 1] = {.top = bottom + 1, .limit = bottom + 1}},
        .arena_number = TCACHE_ARENA_NONE,
        .outbox_count = TCACHE_OUTBOX_SLOTS,
};

struct tcache tcache_gone lies_late; /* the same, from the first end of a thread on */

__thread struct tcache *tcache_self __attribute__((tls_model("initial-exec"))) = &tcache_none;

/* While the thread's cache is being made, or ended: it; and while a stand-in is hidden: that. What a signal handler calls
 * meanwhile is not to come in between. */
static __thread struct tcache *unfinished __attribute__((tls_model("initial-exec")));

uint64_t tcache_sample;

static struct lock threads;
static struct tcache *tcaches;
static unsigned tcaches_alive;
static unsigned arenas_allowed;
static pthread_key_t key;

/* Says what this thread has out of order, for the child of a fork that another thread may make here; a class
 * and 1, or the outbox, or 0: nothing. */
static void change(struct tcache *tcache, unsigned what)
{
	__atomic_store_n(&tcache->changing, (uint8_t)what, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/*
 * Who empties the cache of another thread wants it, interrupts all threads, and then looks whether the thread is at it.
 * An interrupted thread is not awake, so its next call comes here; and it never goes on in the middle of a fast path.
 * The interruption is a fence for all: either the thread is seen to be at it, and is left alone; or it sees, when it
 * comes or when it leaves, that its cache is wanted: then it waits, or does not leave as one who is awake. (Asymmetric
 * fences: Dice, Huang, Yang: Asymmetric Dekker synchronization, 2001.)
 */
static bool is_wanted(const struct tcache *tcache)
{
	return __atomic_load_n(&tcache_more(tcache)->wanted, __ATOMIC_ACQUIRE);
}

/* Returns: whether another thread wants the cache. */
static bool cache_enter(struct tcache *tcache)
{
	struct tcache_more *more = tcache_more(tcache);

	/* A signal handler that comes in between leaves it as it was. */
	__atomic_store_n(&more->busy, (uint8_t)(more->busy + 1), __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return unlikely(is_wanted(tcache));
}

static void cache_leave(struct tcache *tcache)
{
	expect(tcache_more(tcache)->busy != 0);
	__atomic_store_n(&tcache_more(tcache)->busy, (uint8_t)(tcache_more(tcache)->busy - 1),
	                 __ATOMIC_RELEASE);
}

static void set_unfinished(struct tcache *tcache)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	unfinished = tcache;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static bool has_arena(const struct tcache *tcache)
{
	return likely(tcache->arena_number != TCACHE_ARENA_NONE);
}

struct tcache *tcache_hide(void)
{
	struct tcache *tcache = tcache_self;
	bool slept = awake_not();

	if (!has_arena(tcache) && unfinished == NULL)
		set_unfinished(tcache);
	awake_forget();
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	tcache_self = &tcache_none;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (has_arena(tcache)) {
		if (cache_enter(tcache)) {
			/* Who wants it holds the lock until it is done. */
			lock_acquire(&threads);
			lock_release(&threads);
		}
		__atomic_store_n(&tcache_more(tcache)->visits, tcache_more(tcache)->visits + 1,
		                 __ATOMIC_RELAXED);
	}
	if (unlikely(slept))
		idle_tick();
	return tcache;
}

void tcache_show(struct tcache *tcache)
{
	/* In this order. A signal handler hides and shows the cache only once it is there: then nothing is noted any more.
	 * Who interrupted all threads before this one was noted, and then finds that it has left, is seen to want the cache. */
	if (has_arena(tcache))
		awake_note(tcache->arena_number);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	tcache_self = tcache;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (has_arena(tcache)) {
		if (unlikely(is_wanted(tcache)))
			awake_forget();
		cache_leave(tcache);
	} else if (unfinished == tcache) {
		set_unfinished(NULL);
	}
}

/* --- Magazines ---------------------------------------------------------------------------------- */

static uint32_t at_most(size_t number, uint32_t most)
{
	return number < most ? (uint32_t)number : most;
}

static bool misses_many(const struct tcache *tcache, unsigned class)
{
	return tcache_more(tcache)->misses[class] >= MISSES_MANY;
}

/* The most bytes of a class that a thread may have at hand, where there are more than a few. */
static size_t bytes_of_many(const struct tcache *tcache, unsigned class, size_t threads_now)
{
	size_t bytes = options.magazine_bytes_max * THREADS_FEW / threads_now;

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
	size_t threads_now = tcache_count();
	size_t few = MAGAZINE_SLOTS_FEW * sizeclasses[class].slot_bytes;

	if (threads_now > THREADS_FEW)
		bytes = bytes_of_many(tcache, class, threads_now);
	else if (bytes < few)
		bytes = few;
	return at_most(bytes / sizeclasses[class].slot_bytes, MAGAZINE_SLOTS_MAX);
}

/* The room that a magazine has next; most is its capacity_max. */
static uint32_t capacity_next(const struct tcache *tcache, unsigned class, uint32_t most)
{
	uint32_t capacity = tcache->capacities[class] * 2u;

	if (capacity == 0)
		capacity = MAGAZINE_SLOTS_FIRST;
	return at_most(capacity, most);
}

/* Whether a magazine that misses is to grow. */
static bool grows_now(const struct tcache *tcache, unsigned class)
{
	return MAGAZINE_SLOTS_FIRST * sizeclasses[class].slot_bytes <= MAGAZINE_BYTES_FIRST ||
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

static void record_free(const struct tcache *tcache, const struct magazine *magazine,
                        unsigned class)
{
	if (tcache->capacities[class] != 0)
		page_b_record_free(lowest(tcache, magazine, class) - 1,
		                   slots_bytes(tcache->capacities[class] + 1u));
}

/* Moves a magazine's slots to a record with room for more. */
static void magazine_move(struct tcache *tcache, struct magazine *magazine, unsigned class,
                          struct slot *record, uint32_t capacity)
{
	unsigned count = tcache_slots_in(tcache, magazine, class);

	record->ptr = AWAKE_NO_ADDRESS;
	memcpy(record + 1, lowest(tcache, magazine, class), slots_bytes(count));
	record_free(tcache, magazine, class);
	magazine->top = record + 1 + count;
	magazine->limit = record + 1 + capacity;
}

/* See tcache.h: sampling. */
static bool is_masked(const struct slot *slot)
{
	return slot->ptr == AWAKE_NO_ADDRESS && slot->state != NULL;
}

static void mask(struct slot *slot)
{
	slot->state = slot->ptr;
	slot->ptr = AWAKE_NO_ADDRESS;
}

static void unmask(struct slot *slot)
{
	uint64_t rest;

	slot->ptr = slot->state;
	const struct pagemap_entry *entry = pagemap_find(slot->ptr);
	slot->state = entry->states + sizeclass_divide((uintptr_t)slot->ptr - entry->start,
	                                               entry->reciprocal, &rest);
}

static void magazine_free(struct tcache *tcache, struct magazine *magazine, unsigned class)
{
	unsigned count = tcache_slots_in(tcache, magazine, class);
	struct slot *slots = lowest(tcache, magazine, class);

	for (unsigned i = 0; i < count; i++)
		if (unlikely(is_masked(&slots[i])))
			unmask(&slots[i]);
	if (count != 0)
		slab_flush(tcache->arena, slots, count);
	record_free(tcache, magazine, class);
	*magazine = NO_SLOTS;
}

/* Empties the magazine of a class, and its returns, and takes their room. */
static void class_free(struct tcache *tcache, unsigned class)
{
	magazine_free(tcache, &tcache->magazines[class], class);
	if (tcache->samples)
		magazine_free(tcache, &tcache_more(tcache)->returns[class], class);
	tcache->capacities[class] = 0;
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
	slab_flush(tcache->arena, slots, half);
	size_t kept = (size_t)(magazine->top - slots) - half;
	memmove(slots, slots + half, slots_bytes(kept));
	magazine->top = slots + kept;
	return true;
}

/* Puts a slot of the cache's arena into its magazine. */
static void keep(struct tcache *tcache, struct slot slot, const struct pagemap_entry *entry)
{
	unsigned class = entry->sizeclass;
	struct magazine *magazine = (struct magazine *)(void *)((char *)tcache + entry->magazine);
	bool room = true;

	change(tcache, class + 1);
	if (magazine->top == magazine->limit)
		room = make_room(tcache, magazine, class);
	if (room) {
		*magazine->top = slot;
		magazine->top++;
	} else {
		slab_flush(tcache->arena, &slot, 1);
	}
	change(tcache, 0);
}

/* --- The outbox --------------------------------------------------------------------------------- */

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
	slab_send(slab_arena(arenas[first]), tcache_more(tcache)->outbox + first, end - first);
	return end;
}

static void outbox_send(struct tcache *tcache)
{
	unsigned sent = 0;

	change(tcache, TCACHE_OUTBOX_CHANGES);
	while (sent < tcache->outbox_count)
		sent = outbox_send_some(tcache, sent);
	tcache->outbox_count = 0;
	tcache_more(tcache)->outbox_bytes = 0;
	change(tcache, 0);
}

/* Whether the slots of a slab are not small. */
static bool is_large(const struct pagemap_entry *entry)
{
	return entry->reciprocal <= UINT64_MAX / OUTBOX_SMALL_BYTES_MAX;
}

/* Whether the outbox is to be sent before a slot is put there. */
static bool outbox_is_full(const struct tcache *tcache)
{
	return tcache->outbox_count == TCACHE_OUTBOX_SLOTS ||
	       tcache_more(tcache)->outbox_bytes >= OUTBOX_BYTES_MAX;
}

static void outbox_put(struct tcache *tcache, struct slot slot, unsigned arena)
{
	uint16_t count = tcache->outbox_count;

	/* Not as a pair: one that was just put together in memory can be copied only when the stores
	 * before it are done, that of the state among them, which another core mostly has. */
	tcache_more(tcache)->outbox[count].ptr = slot.ptr;
	tcache_more(tcache)->outbox[count].state = slot.state;
	tcache_more(tcache)->outbox_arenas[count] = (uint16_t)arena;
	__atomic_store_n(&tcache->outbox_count, (uint16_t)(count + 1), __ATOMIC_RELEASE);
}

/* Returns: false where the thread has no cache, and gets none. */
static bool has_cache(void)
{
	return has_arena(tcache_self) || (tcache_self == &tcache_none && tcache_new());
}

__attribute__((noinline)) static void send_slow(struct slot slot, const struct pagemap_entry *entry)
{
	if (tcache_is_busy())
		return; /* it is lost */
	/* Or a signal handler has interrupted its thread where that puts something into the outbox. */
	bool apart = !has_cache() || tcache_more(tcache_self)->busy != 0;
	struct tcache *tcache = tcache_hide();
	if (apart) {
		slab_flush(slab_arena(entry->arena), &slot, 1);
	} else if (entry->arena == tcache->arena_number) {
		keep(tcache, slot, entry);
	} else {
		if (outbox_is_full(tcache)) {
			outbox_send(tcache);
			idle_tick();
		}
		if (is_large(entry))
			tcache_more(tcache)->outbox_bytes +=
			        sizeclasses[entry->sizeclass].slot_bytes;
		outbox_put(tcache, slot, entry->arena);
	}
	tcache_show(tcache);
}

__attribute__((noinline)) void tcache_send(void *ptr, const struct pagemap_entry *entry,
                                           uint8_t *state)
{
	struct tcache *tcache = tcache_self;
	struct slot slot = {.ptr = ptr, .state = state};

	*state = SLOT_DEAD;
	if (unlikely(awake_not() || tcache->outbox_count == TCACHE_OUTBOX_SLOTS ||
	             is_large(entry) || entry->arena == tcache->arena_number ||
	             tcache_more(tcache)->busy != 0)) {
		send_slow(slot, entry);
		return;
	}
	bool wanted = cache_enter(tcache);
	if (likely(!wanted))
		outbox_put(tcache, slot, entry->arena);
	cache_leave(tcache);
	if (unlikely(wanted))
		send_slow(slot, entry);
}

void tcache_push(struct slot slot, const struct pagemap_entry *entry)
{
	tcache_send(slot.ptr, entry, slot.state);
}

/* --- Sampling ----------------------------------------------------------------------------------- */

/* The allocations that come before the next to be sampled: from 0 to 2 * (N - 1), N - 1 in the mean.
 * (Marsaglia: Xorshift RNGs, 2003.) */
static uint64_t sample_draw(struct tcache *tcache)
{
	tcache_more(tcache)->random ^= tcache_more(tcache)->random << 13;
	tcache_more(tcache)->random ^= tcache_more(tcache)->random >> 7;
	tcache_more(tcache)->random ^= tcache_more(tcache)->random << 17;
	return tcache_more(tcache)->random % (2 * tcache_sample - 1);
}

/* The slots of a magazine are as many allocations to come: counts them, and masks those whose turn it is. */
runs_seldom static void sample_count(struct tcache *tcache, unsigned class)
{
	struct magazine *magazine = &tcache->magazines[class];
	unsigned left = tcache_slots_in(tcache, magazine, class);

	while (tcache_more(tcache)->sample_in < left) {
		left -= (unsigned)tcache_more(tcache)->sample_in + 1;
		mask(lowest(tcache, magazine, class) + left);
		tcache_more(tcache)->sample_in = sample_draw(tcache);
	}
	tcache_more(tcache)->sample_in -= left;
}

/* Meets a refill out of the returns, or with a masked slot. Returns: false when there is none. */
runs_seldom static bool sample_refill(struct tcache *tcache, unsigned class, struct slot *slot)
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
	if (is_masked(magazine->top))
		unmask(magazine->top);
	*slot = *magazine->top;
	if (swaps)
		sample_count(tcache, class);
	return true;
}

static bool sample_due(struct tcache *tcache, unsigned class)
{
	if (class < SIZECLASS_COUNT) {
		struct slot *last = tcache->magazines[class].top - 1;
		if (is_masked(last)) {
			change(tcache, class + 1);
			unmask(last);
			change(tcache, 0);
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

runs_seldom bool tcache_sample_due(unsigned class)
{
	if (!has_cache())
		return false;
	struct tcache *tcache = tcache_hide();
	bool due = sample_due(tcache, class);
	tcache_show(tcache);
	return due;
}

/* --- The slow paths of malloc and free ---------------------------------------------------------- */

static bool is_rare(const struct tcache *tcache, unsigned class)
{
	return sizeclasses[class].slot_bytes >= RARE_BYTES_MIN &&
	       slab_arena_slabs(tcache->arena, class) <= 1;
}

/* For a rare class whose magazine is empty: a slot that is at hand of a rare class above it and was in use before, so its
 * pages are there. Returns: false when there is none. */
static bool take_larger(struct tcache *tcache, unsigned class, struct slot *slot)
{
	unsigned end = class + RARE_CLASSES_ABOVE + 1;

	if (end > SIZECLASS_COUNT)
		end = SIZECLASS_COUNT;
	for (unsigned above = class; above < end && is_rare(tcache, above); above++) {
		struct magazine *magazine = &tcache->magazines[above];
		const struct slot *last = magazine->top - 1;
		if (last->ptr != AWAKE_NO_ADDRESS && *last->state == SLOT_DEAD) {
			*slot = *last;
			magazine->top--;
			return true;
		}
	}
	return false;
}

/* Takes a slot for an empty magazine, and more to fill it with. */
static struct slot refill(struct tcache *tcache, unsigned class, bool larger)
{
	struct slot slot = {0};

	if (unlikely(tcache->samples) && sample_refill(tcache, class, &slot))
		return slot;
	if (larger && likely(!tcache->samples) && take_larger(tcache, class, &slot))
		return slot;
	if (tcache_more(tcache)->misses[class] < MISSES_MOST)
		tcache_more(tcache)->misses[class]++;
	if (grows_now(tcache, class))
		magazine_grow(tcache, class, capacity_max(tcache, class));
	uint32_t capacity = tcache->capacities[class];
	if (capacity == 0) {
		slab_fill(tcache->arena, class, &slot, 1);
		return slot;
	}
	struct slot *slots = lowest(tcache, &tcache->magazines[class], class);
	uint32_t count = slab_fill(tcache->arena, class, slots, (capacity + 1) / 2);
	if (count != 0) {
		slot = slots[count - 1];
		tcache->magazines[class].top = slots + count - 1;
		if (unlikely(tcache->samples))
			sample_count(tcache, class);
	}
	return slot;
}

/* Refills a magazine, and makes the pages of its slots. */
static struct slot refill_and_populate(struct tcache *tcache, unsigned class, bool larger)
{
	change(tcache, class + 1);
	struct slot slot = refill(tcache, class, larger);
	change(tcache, 0);
	const struct magazine *magazine = &tcache->magazines[class];
	const struct slot *slots = lowest(tcache, magazine, class);
	if (magazine->top > slots) /* the one that was taken lies above */
		slab_populate(slots, (unsigned)(magazine->top - slots) + 1, class,
		              misses_many(tcache, class));
	idle_tick();
	return slot;
}

struct slot tcache_pop(unsigned class, bool larger)
{
	bool cached = has_cache();
	struct tcache *tcache = tcache_hide();
	struct slot slot = tcache->magazines[class].top[-1];

	if (slot.ptr != AWAKE_NO_ADDRESS) {
		tcache->magazines[class].top--;
	} else if (likely(cached)) {
		slot = refill_and_populate(tcache, class, larger);
	} else {
		/* No cache any more, or no memory for one: one slot, of the first arena. */
		slot.ptr = NULL;
		slab_fill(slab_arena(0), class, &slot, 1);
	}
	tcache_show(tcache);
	return slot;
}

__attribute__((noinline)) void tcache_spill(void *ptr, const struct pagemap_entry *entry,
                                            uint8_t *state)
{
	*state = SLOT_DEAD;
	struct tcache *tcache = tcache_hide();
	keep(tcache, (struct slot){.ptr = ptr, .state = state}, entry);
	idle_tick();
	tcache_show(tcache);
}

/* --- Threads come and go ------------------------------------------------------------------------ */

/* The arena with the fewest threads. */
static struct arena *arena_choose(void)
{
	struct arena *best = NULL;

	for (unsigned i = 0; i < arenas_allowed && slab_arena(i) != NULL; i++)
		if (best == NULL || slab_arena(i)->users < best->users)
			best = slab_arena(i);
	return best;
}

/* As arena_choose, but a new one rather than a shared one while they are allowed. Locks: threads is
 * held, but for the making of an arena, which brings a lock that fork must not find half-made. */
static struct arena *arena_choose_or_make(void)
{
	struct arena *best = arena_choose();
	bool made = true;

	/* Again when another thread took the one that was made. */
	while (made && (best == NULL || best->users != 0) &&
	       slab_arena(arenas_allowed - 1) == NULL) {
		lock_release(&threads);
		made = slab_arena_new(arenas_allowed) != NULL;
		lock_acquire(&threads);
		best = arena_choose();
	}
	return best;
}

static void list_add(struct tcache *tcache)
{
	tcache->next = tcaches;
	if (tcaches != NULL)
		tcaches->previous = tcache;
	tcaches = tcache;
	__atomic_store_n(&tcaches_alive, tcaches_alive + 1, __ATOMIC_RELAXED);
}

static void list_remove(struct tcache *tcache)
{
	if (tcache->previous != NULL)
		tcache->previous->next = tcache->next;
	else
		tcaches = tcache->next;
	if (tcache->next != NULL)
		tcache->next->previous = tcache->previous;
	__atomic_store_n(&tcaches_alive, tcaches_alive - 1, __ATOMIC_RELAXED);
}

/* The bytes of a cache, with what follows it. */
static size_t cache_bytes(void)
{
	return sizeof(struct tcache) + (tcache_sample != 0 ? sizeof(struct tcache_more)
	                                                   : offsetof(struct tcache_more, returns));
}

bool tcache_hides(void)
{
	return unfinished != NULL || pthread_getspecific(key) != NULL;
}

static void tcache_empty(struct tcache *tcache)
{
	uint8_t changing = tcache->changing; /* which sending says of itself, too */

	if (changing != TCACHE_OUTBOX_CHANGES)
		outbox_send(tcache);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		if (changing == class + 1)
			continue; /* lost, in the child of a fork alone */
		class_free(tcache, class);
	}
}

/* Empties a cache and gives its record back. Locks: threads is held. */
static void tcache_end(struct tcache *tcache)
{
	tcache_empty(tcache);
	tcache->arena->users--;
	list_remove(tcache);
	page_b_record_free(tcache, cache_bytes());
}

/* From here on this thread has a stand-in for its cache. */
static void leave(struct tcache *tcache, struct tcache *stand_in)
{
	set_unfinished(tcache);
	awake_forget();
	tcache_self = &tcache_none;
	lock_acquire(&threads);
	tcache_end(tcache);
	lock_release(&threads);
	tcache_self = stand_in;
	set_unfinished(NULL);
}

bool tcache_new(void)
{
	int saved = errno;

	set_unfinished(&tcache_none);
	struct tcache *tcache = page_b_record_new(cache_bytes());
	set_unfinished(tcache);
	if (tcache == NULL) {
		errno = saved;
		return false;
	}
	tcache->samples = tcache_sample != 0;
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		tcache->magazines[class] = NO_SLOTS;
		if (tcache->samples)
			tcache_more(tcache)->returns[class] = NO_SLOTS;
	}
	if (tcache->samples) {
		tcache_more(tcache)->random = os_random() | 1;
		tcache_more(tcache)->sample_in = sample_draw(tcache);
	}
	lock_acquire(&threads);
	tcache->arena = arena_choose_or_make();
	if (tcache->arena != NULL) {
		tcache->arena_number = tcache->arena->number;
		tcache->arena->users++;
		list_add(tcache);
	}
	lock_release(&threads);
	if (tcache->arena == NULL) {
		page_b_record_free(tcache, cache_bytes());
		set_unfinished(NULL);
		errno = saved;
		return false;
	}
	/* Before the key is set: setting it may call calloc. */
	cache_enter(tcache);
	tcache_show(tcache);
	bool kept = pthread_setspecific(key, tcache) == 0;
	if (!kept)
		leave(tcache, &tcache_none); /* it would not end with the thread */
	set_unfinished(NULL);
	errno = saved;
	return kept;
}

/* The key's destructor. Destructors that run later still allocate, without a cache. */
static void thread_exit(void *arg)
{
	int saved = errno;

	lock_acquire(&threads);
	if (tcache_gone.arena_number != TCACHE_ARENA_NONE)
		tcache_gone = tcache_none;
	lock_release(&threads);
	leave(arg, &tcache_gone);
	errno = saved;
}

void tcache_flush_self(void)
{
	if (!has_arena(tcache_self))
		return;
	struct tcache *tcache = tcache_hide();
	tcache_empty(tcache);
	tcache_show(tcache);
}

/* Whether a cache is to be emptied: all are, or its thread sleeps, and there may be something in it. */
static bool is_to_be_emptied(struct tcache *tcache, bool all)
{
	struct tcache_more *more = tcache_more(tcache);
	uint32_t visits = __atomic_load_n(&more->visits, __ATOMIC_RELAXED);

	if (visits != more->visits_seen) {
		more->visits_seen = visits;
		more->rounds = 0;
		more->emptied = false;
	}
	if (more->rounds < SLEEPS_ROUNDS)
		more->rounds++;
	return !more->emptied && (all || more->rounds == SLEEPS_ROUNDS);
}

/* Wants the caches that are to be emptied, at most so many. Returns: how many they are. */
static unsigned want(bool all)
{
	unsigned count = 0;

	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = tcache->next)
		if (is_to_be_emptied(tcache, all) && (all || count < EMPTIES_AT_ONCE)) {
			__atomic_store_n(&tcache_more(tcache)->wanted, true, __ATOMIC_RELAXED);
			count++;
		}
	return count;
}

static void empty_wanted(bool interrupted)
{
	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = tcache->next) {
		struct tcache_more *more = tcache_more(tcache);
		if (!more->wanted)
			continue;
		if (interrupted && __atomic_load_n(&more->busy, __ATOMIC_ACQUIRE) == 0) {
			tcache_empty(tcache);
			more->emptied = true;
		}
		__atomic_store_n(&more->wanted, false, __ATOMIC_RELEASE);
	}
}

runs_seldom void tcache_empty_others(bool all)
{
	if (tcache_count() < 2)
		return;
	if (all)
		lock_acquire(&threads);
	else if (!lock_try(&threads))
		return;
	if (want(all) != 0)
		empty_wanted(awake_interrupt_all());
	lock_release(&threads);
}

runs_seldom void tcache_fork_child(void)
{
	const struct tcache *own = tcache_self;
	struct tcache *next;

	if (tcache_is_busy())
		own = pthread_getspecific(key);
	if (own == NULL)
		own = unfinished;
	lock_acquire(&threads);
	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = next) {
		next = tcache->next;
		if (tcache != own)
			tcache_end(tcache);
	}
	lock_release(&threads);
}

unsigned tcache_count(void)
{
	return __atomic_load_n(&tcaches_alive, __ATOMIC_RELAXED);
}

bool tcache_boot(void)
{
	unsigned cpus = os_cpus();

	lock_init(&threads, LOCK_RANK_THREADS);
	tcache_sample = options.sample;
	if (tcache_sample != 0)
		slab_magazines_at = sizeof(struct tcache) + offsetof(struct tcache_more, returns);
	halloc_page_b.tcaches = &tcaches;
	halloc_page_b.tcache_bytes = sizeof(struct tcache);
	arenas_allowed = options.arenas != 0 ? (unsigned)options.arenas : 4 * cpus;
	if (arenas_allowed > AWAKE_NUMBERS_MAX)
		arenas_allowed = AWAKE_NUMBERS_MAX;
	idle_empty_caches = tcache_empty_others;
	awake_boot(heap_address_of(heap_process, heap_process->granules_max), arenas_allowed);
	return pthread_key_create(&key, thread_exit) == 0;
}
