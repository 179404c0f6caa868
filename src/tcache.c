/*
 * tcache - a thread's magazines and its outbox.
 *
 * Holds:  a cache for each thread that called; the list of them all.
 * Always: a cached slot is not LIVE; magazines hold slots of the thread's own arena only; only the
 *         thread itself touches its cache, but for the child of a fork.
 * Locks:  threads (rank THREADS) for the list and for who uses which arena; may then take ARENA.
 */
#include "tcache.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_b.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A magazine starts with room for so many slots, and doubles while it misses. */
#define MAGAZINE_SLOTS_MIN 4u
#define MAGAZINE_SLOTS_MAX 256u

/* Below the lowest slot of a magazine that has none. */
static struct slot bottom[1];

#define NO_SLOTS ((struct magazine){.top = bottom + 1, .limit = bottom + 1})

/* Every magazine of these is empty, and has no room. */
#define NO_MAGAZINES                                                                    \
	{                                                                               \
		[0 ... SIZECLASS_COUNT - 1] = {.top = bottom + 1, .limit = bottom + 1 } \
	}

struct tcache tcache_none = {.magazines = NO_MAGAZINES, .arena_number = TCACHE_ARENA_NONE};
struct tcache tcache_gone = {.magazines = NO_MAGAZINES, .arena_number = TCACHE_ARENA_NONE};

__thread struct tcache *tcache_self __attribute__((tls_model("initial-exec"))) = &tcache_none;

static struct lock threads;
static struct tcache *tcaches;
static unsigned tcaches_alive;
static unsigned arenas_allowed;
static pthread_key_t key;

/* --- Magazines ---------------------------------------------------------------------------------- */

/* The most slots a magazine of a class may have: bounded in number and in bytes. */
static uint32_t capacity_max(unsigned class)
{
	size_t slots = options.magazine_bytes_max / sizeclasses[class].slot_bytes;

	if (slots > MAGAZINE_SLOTS_MAX)
		return MAGAZINE_SLOTS_MAX;
	return slots < MAGAZINE_SLOTS_MIN ? MAGAZINE_SLOTS_MIN : (uint32_t)slots;
}

static size_t slots_bytes(size_t slots)
{
	return slots * sizeof(struct slot);
}

/* The lowest slot of a magazine; the one below is the bottom. */
static struct slot *lowest(const struct tcache *tcache, unsigned class)
{
	return tcache->magazines[class].limit - tcache->capacities[class];
}

static void record_free(const struct tcache *tcache, unsigned class)
{
	if (tcache->capacities[class] != 0)
		page_b_record_free(lowest(tcache, class) - 1,
		                   slots_bytes(tcache->capacities[class] + 1u));
}

/* Gives a magazine twice its room. Returns: false when it has all it may, or without memory. */
static bool magazine_grow(struct tcache *tcache, unsigned class)
{
	struct magazine *magazine = &tcache->magazines[class];
	uint32_t limit = capacity_max(class);
	uint32_t capacity = tcache->capacities[class] * 2u;
	unsigned count = tcache_slots(tcache, class);

	if (tcache->capacities[class] >= limit)
		return false;
	if (capacity == 0)
		capacity = MAGAZINE_SLOTS_MIN;
	if (capacity > limit)
		capacity = limit;
	struct slot *record = page_b_record_new(slots_bytes(capacity + 1));
	if (record == NULL)
		return false;
	memcpy(record + 1, lowest(tcache, class), slots_bytes(count));
	record_free(tcache, class);
	magazine->top = record + 1 + count;
	magazine->limit = record + 1 + capacity;
	tcache->capacities[class] = (uint16_t)capacity;
	return true;
}

static void magazine_free(struct tcache *tcache, unsigned class)
{
	unsigned count = tcache_slots(tcache, class);

	if (count != 0)
		slab_flush(tcache->arena, lowest(tcache, class), count);
	record_free(tcache, class);
	tcache->magazines[class] = NO_SLOTS;
	tcache->capacities[class] = 0;
}

/* --- The outbox --------------------------------------------------------------------------------- */

/* Sends home the slots of one arena, that of the first slot; the others close ranks. */
static void outbox_send_some(struct tcache *tcache)
{
	struct slot parcel[TCACHE_OUTBOX_SLOTS];
	unsigned number = pagemap_find(tcache->outbox[0].ptr)->arena;
	uint16_t parcelled = 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < tcache->outbox_count; i++) {
		struct slot slot = tcache->outbox[i];
		if (pagemap_find(slot.ptr)->arena == number)
			parcel[parcelled++] = slot;
		else
			tcache->outbox[kept++] = slot;
	}
	tcache->outbox_count = kept;
	slab_flush(slab_arena(number), parcel, parcelled);
}

static void outbox_send(struct tcache *tcache)
{
	while (tcache->outbox_count != 0)
		outbox_send_some(tcache);
}

__attribute__((noinline)) void tcache_send(void *ptr, unsigned arena, uint8_t *state)
{
	struct tcache *tcache = tcache_self;
	struct slot slot = {.ptr = ptr, .state = state};

	if (tcache == &tcache_none && tcache_new())
		tcache = tcache_self;
	if (tcache->arena_number == TCACHE_ARENA_NONE) {
		slab_flush(slab_arena(arena), &slot, 1);
		return;
	}
	if (tcache->outbox_count == TCACHE_OUTBOX_SLOTS) {
		outbox_send(tcache);
		slab_tick();
	}
	tcache->outbox[tcache->outbox_count] = slot;
	__atomic_store_n(&tcache->outbox_count, (uint16_t)(tcache->outbox_count + 1),
	                 __ATOMIC_RELEASE);
}

/* --- The slow paths of malloc and free ---------------------------------------------------------- */

__attribute__((noinline)) struct slot tcache_refill(unsigned class)
{
	struct tcache *tcache = tcache_self;
	struct slot slot = {0};

	if (tcache == &tcache_none && tcache_new())
		tcache = tcache_self;
	if (tcache->arena_number == TCACHE_ARENA_NONE) {
		/* No cache any more, or no memory for one: one slot, of the first arena. */
		slab_fill(slab_arena(0), class, &slot, 1);
		return slot;
	}
	magazine_grow(tcache, class);
	uint32_t capacity = tcache->capacities[class];
	if (capacity == 0) {
		slab_fill(tcache->arena, class, &slot, 1);
		return slot;
	}
	struct slot *slots = lowest(tcache, class);
	uint32_t count = slab_fill(tcache->arena, class, slots, capacity / 2);
	if (count != 0) {
		slot = slots[count - 1];
		tcache->magazines[class].top = slots + count - 1;
	}
	slab_tick();
	return slot;
}

__attribute__((noinline)) void tcache_spill(void *ptr, unsigned class, uint8_t *state)
{
	struct tcache *tcache = tcache_self;
	struct slot slot = {.ptr = ptr, .state = state};
	struct magazine *magazine = &tcache->magazines[class];

	if (!magazine_grow(tcache, class)) {
		/* The older half goes. */
		uint32_t half = tcache->capacities[class] / 2u;
		if (half == 0) {
			slab_flush(tcache->arena, &slot, 1);
			return;
		}
		struct slot *slots = lowest(tcache, class);
		slab_flush(tcache->arena, slots, half);
		size_t kept = (size_t)(magazine->top - slots) - half;
		memmove(slots, slots + half, slots_bytes(kept));
		magazine->top = slots + kept;
		slab_tick();
	}
	*magazine->top = slot;
	magazine->top++;
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
	tcaches_alive++;
}

static void list_remove(struct tcache *tcache)
{
	if (tcache->previous != NULL)
		tcache->previous->next = tcache->next;
	else
		tcaches = tcache->next;
	if (tcache->next != NULL)
		tcache->next->previous = tcache->previous;
	tcaches_alive--;
}

bool tcache_new(void)
{
	int saved = errno;
	struct tcache *tcache = page_b_record_new(sizeof *tcache);

	if (tcache == NULL) {
		errno = saved;
		return false;
	}
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		tcache->magazines[class] = NO_SLOTS;
	lock_acquire(&threads);
	tcache->arena = arena_choose_or_make();
	if (tcache->arena != NULL) {
		tcache->arena_number = tcache->arena->number;
		tcache->arena->users++;
		list_add(tcache);
	}
	lock_release(&threads);
	if (tcache->arena == NULL) {
		page_b_record_free(tcache, sizeof *tcache);
		errno = saved;
		return false;
	}
	/* Before the key is set: setting it may call calloc. */
	tcache_self = tcache;
	pthread_setspecific(key, tcache);
	errno = saved;
	return true;
}

static void tcache_empty(struct tcache *tcache)
{
	outbox_send(tcache);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		magazine_free(tcache, class);
}

/* Empties a cache and gives its record back. Locks: threads is held. */
static void tcache_end(struct tcache *tcache)
{
	tcache_empty(tcache);
	tcache->arena->users--;
	list_remove(tcache);
	page_b_record_free(tcache, sizeof *tcache);
}

/* The key's destructor. Destructors that run later still allocate, without a cache. */
static void thread_exit(void *arg)
{
	int saved = errno;

	tcache_self = &tcache_gone;
	lock_acquire(&threads);
	tcache_end(arg);
	lock_release(&threads);
	errno = saved;
}

void tcache_flush_self(void)
{
	if (tcache_self->arena_number != TCACHE_ARENA_NONE)
		tcache_empty(tcache_self);
}

void tcache_fork_child(void)
{
	struct tcache *next;

	lock_acquire(&threads);
	for (struct tcache *tcache = tcaches; tcache != NULL; tcache = next) {
		next = tcache->next;
		if (tcache != tcache_self)
			tcache_end(tcache);
	}
	lock_release(&threads);
}

unsigned tcache_count(void)
{
	return tcaches_alive;
}

bool tcache_boot(void)
{
	unsigned cpus = os_cpus();

	lock_init(&threads, LOCK_RANK_THREADS);
	halloc_page_b.tcaches = &tcaches;
	halloc_page_b.tcache_bytes = sizeof(struct tcache);
	arenas_allowed = options.arenas != 0 ? (unsigned)options.arenas : 4 * cpus;
	if (arenas_allowed > ARENAS_MAX)
		arenas_allowed = ARENAS_MAX;
	return pthread_key_create(&key, thread_exit) == 0;
}
