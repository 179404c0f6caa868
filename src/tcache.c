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

struct tcache tcache_none = {.arena_number = TCACHE_ARENA_NONE};
struct tcache tcache_gone = {.arena_number = TCACHE_ARENA_NONE};

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

static size_t slots_bytes(uint32_t slots)
{
	return slots * sizeof(struct slot);
}

/* Gives a magazine twice its room. Returns: false when it has all it may, or without memory. */
static bool magazine_grow(struct magazine *magazine, unsigned class)
{
	uint32_t limit = capacity_max(class);
	uint32_t capacity = magazine->capacity == 0 ? MAGAZINE_SLOTS_MIN : magazine->capacity * 2;

	if (magazine->capacity >= limit)
		return false;
	if (capacity > limit)
		capacity = limit;
	struct slot *slots = page_b_record_new(slots_bytes(capacity));
	if (slots == NULL)
		return false;
	if (magazine->slots != NULL) {
		memcpy(slots, magazine->slots, slots_bytes(magazine->count));
		page_b_record_free(magazine->slots, slots_bytes(magazine->capacity));
	}
	magazine->slots = slots;
	magazine->capacity = capacity;
	return true;
}

static void magazine_free(struct magazine *magazine, struct arena *arena)
{
	if (magazine->count != 0)
		slab_flush(arena, magazine->slots, magazine->count);
	if (magazine->slots != NULL)
		page_b_record_free(magazine->slots, slots_bytes(magazine->capacity));
	*magazine = (struct magazine){0};
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
	slab_flush(slab_arenas[number], parcel, parcelled);
}

static void outbox_send(struct tcache *tcache)
{
	while (tcache->outbox_count != 0)
		outbox_send_some(tcache);
}

__attribute__((noinline)) void tcache_send(struct slot slot, unsigned arena)
{
	struct tcache *tcache = tcache_self;

	if (tcache == &tcache_none && tcache_new())
		tcache = tcache_self;
	if (tcache->arena_number == TCACHE_ARENA_NONE) {
		slab_flush(slab_arenas[arena], &slot, 1);
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
		slab_fill(slab_arenas[0], class, &slot, 1);
		return slot;
	}
	struct magazine *magazine = &tcache->magazines[class];
	magazine_grow(magazine, class);
	if (magazine->capacity == 0) {
		slab_fill(tcache->arena, class, &slot, 1);
		return slot;
	}
	uint32_t count = slab_fill(tcache->arena, class, magazine->slots, magazine->capacity / 2);
	if (count != 0) {
		slot = magazine->slots[count - 1];
		magazine->count = count - 1;
	}
	slab_tick();
	return slot;
}

__attribute__((noinline)) void tcache_spill(struct slot slot, unsigned class)
{
	struct tcache *tcache = tcache_self;
	struct magazine *magazine = &tcache->magazines[class];

	if (!magazine_grow(magazine, class)) {
		/* The older half goes. */
		uint32_t half = magazine->capacity / 2;
		if (half == 0) {
			slab_flush(tcache->arena, &slot, 1);
			return;
		}
		slab_flush(tcache->arena, magazine->slots, half);
		magazine->count -= half;
		memmove(magazine->slots, magazine->slots + half, slots_bytes(magazine->count));
		slab_tick();
	}
	magazine->slots[magazine->count] = slot;
	magazine->count++;
}

/* --- Threads come and go ------------------------------------------------------------------------ */

/* The arena with the fewest threads; a new one rather than a shared one while they are allowed. */
static struct arena *arena_choose(void)
{
	struct arena *best = NULL;
	unsigned i;

	for (i = 0; i < arenas_allowed && slab_arenas[i] != NULL; i++)
		if (best == NULL || slab_arenas[i]->users < best->users)
			best = slab_arenas[i];
	if (best != NULL && (best->users == 0 || i == arenas_allowed))
		return best;
	struct arena *fresh = slab_arena_new();
	return fresh != NULL ? fresh : best;
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
	lock_acquire(&threads);
	tcache->arena = arena_choose();
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
		magazine_free(&tcache->magazines[class], tcache->arena);
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
