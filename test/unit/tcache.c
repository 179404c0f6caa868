/* Magazines fill, grow, spill and come home; slots of other arenas go by the outbox; caches end with
 * their threads, and with the threads that a fork leaves behind; those of threads that sleep are emptied.
 * links: misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "tcache.h"
#include "child.h"
#include "clock.h"
#include "heap.h"
#include "misses.h"
#include "options.h"
#include "page_b.h"
#include "pages.h"
#include "sequences.h"

static void all_ok(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		REQUIRE(slab_ok(slab_arenas[i]));
	REQUIRE(heap_ok(heap_process));
	REQUIRE(page_b_ok());
}

static struct slot pop(unsigned class)
{
	struct slot slot = misses_pop(class);

	REQUIRE(slot.ptr);
	REQUIRE(*slot.state != SLOT_LIVE);
	*slot.state = SLOT_LIVE;
	return slot;
}

static void push(struct slot slot)
{
	misses_push(slot, pagemap_find(slot.ptr));
	REQUIRE(*slot.state == SLOT_DEAD);
}

/* What is in use of Page A once every cache that can be emptied is. */
static unsigned cells_left(void)
{
	tcache_flush_self();
	pages_purge(clock_ms(), 0);
	all_ok();
	return heap_process->cells_in_use;
}

static void before_a_cache(void)
{
	REQUIRE(tcache_self == &tcache_none);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		REQUIRE(tcache_slots(&tcache_none, class) == 0);
	push(pop(0)); /* makes the cache */
	REQUIRE(tcache_self != &tcache_none);
	REQUIRE(tcache_count() == 1);
	REQUIRE(cells_left() == 0);
}

/* A magazine grows while it misses, and stays within its bounds. */
static void growth(unsigned class)
{
	enum { COUNT = 4000 };
	static struct slot slots[COUNT];
	const struct tcache *self = tcache_self;
	const struct magazine *magazine = &self->magazines[class];
	size_t most = 32768 / sizeclasses[class].slot_bytes;

	most = most > 511 ? 511 : most < 4 ? 4 : most;
	for (unsigned i = 0; i < COUNT; i++) {
		slots[i] = pop(class);
		fill(slots[i].ptr, sizeclasses[class].slot_bytes, i);
		REQUIRE(self->capacities[class] <= most);
		REQUIRE(tcache_slots(self, class) < self->capacities[class]);
	}
	REQUIRE(self->capacities[class] == most);
	for (unsigned i = 0; i < COUNT; i++)
		REQUIRE(filled(slots[i].ptr, sizeclasses[class].slot_bytes, i));
	for (unsigned i = 0; i < COUNT; i++) {
		push(slots[i]);
		REQUIRE(tcache_slots(self, class) <= self->capacities[class]);
		REQUIRE(magazine->top[-1].ptr == slots[i].ptr);
	}
	all_ok();
	/* The last pushed is the first popped. */
	struct slot again = pop(class);
	REQUIRE(again.ptr == slots[COUNT - 1].ptr);
	push(again);
	REQUIRE(cells_left() == 0);
	REQUIRE(tcache_slots(self, class) == 0);
	REQUIRE(self->capacities[class] == 0);
}

/* --- Threads ------------------------------------------------------------------------------------ */

static void in_thread(void *(*act)(void *), void *arg)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, act, arg) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

enum { PARCEL = 500 };

/* Pushes slots of another arena, of a class. Returns: how many were in the outbox when they were most, once half of them
 * had gone home. */
static unsigned push_foreign(const struct slot *slots, unsigned count, unsigned class)
{
	uint16_t none = tcache_self->arena_number;
	unsigned fullest = 0;

	REQUIRE(none == TCACHE_ARENA_NONE);
	push(pop(sizeclass_of(100))); /* a cache, with an arena of its own */
	REQUIRE(tcache_self->arena_number != pagemap_find(slots[0].ptr)->arena);
	for (unsigned i = 0; i < count; i++) {
		push(slots[i]);
		REQUIRE(tcache_self->outbox_count <= TCACHE_OUTBOX_SLOTS);
		if (i >= count / 2 && tcache_self->outbox_count > fullest)
			fullest = tcache_self->outbox_count;
		REQUIRE(tcache_slots(tcache_self, class) == 0);
	}
	return fullest;
}

static void *free_foreign(void *arg)
{
	REQUIRE(push_foreign(arg, PARCEL, sizeclass_of(64)) == TCACHE_OUTBOX_SLOTS);
	all_ok();
	return NULL;
}

static void outbox(void)
{
	static struct slot slots[PARCEL];

	for (unsigned i = 0; i < PARCEL; i++)
		slots[i] = pop(sizeclass_of(64));
	in_thread(free_foreign, slots);
	REQUIRE(tcache_count() == 1);
	for (unsigned i = 0; i < PARCEL; i++)
		REQUIRE(*slots[i].state == SLOT_DEAD);
	REQUIRE(cells_left() == 0);
}

/* Of slots that are not small, it goes home with a few. */
static void *free_large(void *arg)
{
	REQUIRE(push_foreign(arg, TCACHE_OUTBOX_SLOTS, sizeclass_of(8192)) == 32768 / 8192);
	return NULL;
}

static void outbox_large(void)
{
	static struct slot slots[TCACHE_OUTBOX_SLOTS];

	for (unsigned i = 0; i < TCACHE_OUTBOX_SLOTS; i++)
		slots[i] = pop(sizeclass_of(8192));
	in_thread(free_large, slots);
	REQUIRE(cells_left() == 0);
}

/* Slots of several arenas, by turns: each goes to its own, whichever way they lie in the outbox. */
enum { SENDERS = 3 };

static struct slot mixed[SENDERS][PARCEL];
static pthread_barrier_t turns;

static void *fill_and_wait(void *arg)
{
	struct slot *slots = arg;

	for (unsigned i = 0; i < PARCEL; i++)
		slots[i] = pop(sizeclass_of(64));
	pthread_barrier_wait(&turns); /* they are all there: the releaser comes */
	pthread_barrier_wait(&turns);
	return NULL;
}

static void *free_mixed(void *arg)
{
	uint32_t chance = 7;
	unsigned left[SENDERS] = {PARCEL, PARCEL, PARCEL};
	unsigned all = SENDERS * PARCEL;

	(void)arg;
	push(pop(sizeclass_of(100)));
	for (unsigned sender; all != 0; all--) {
		do
			sender = next_random(&chance) % SENDERS;
		while (left[sender] == 0);
		struct slot slot = mixed[sender][--left[sender]];
		REQUIRE(tcache_self->arena_number != pagemap_find(slot.ptr)->arena);
		push(slot);
	}
	REQUIRE(tcache_slots(tcache_self, sizeclass_of(64)) == 0);
	return NULL;
}

static void outbox_mixed(void)
{
	pthread_t threads[SENDERS];
	uint64_t flushed[SENDERS];

	REQUIRE(cells_left() == 0);
	REQUIRE(pthread_barrier_init(&turns, NULL, SENDERS + 1) == 0);
	for (unsigned i = 0; i < SENDERS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, fill_and_wait, mixed[i]) == 0);
	pthread_barrier_wait(&turns);
	for (unsigned i = 0; i < SENDERS; i++)
		flushed[i] = slab_arenas[pagemap_find(mixed[i][0].ptr)->arena]->slots_flushed;
	in_thread(free_mixed, NULL);
	pages_purge(clock_ms(), UINT32_MAX / 2); /* opens the mail, and finds nothing idle */
	all_ok();
	for (unsigned i = 0; i < SENDERS; i++)
		REQUIRE(slab_arenas[pagemap_find(mixed[i][0].ptr)->arena]->slots_flushed ==
		        flushed[i] + PARCEL);
	pthread_barrier_wait(&turns);
	for (unsigned i = 0; i < SENDERS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(pthread_barrier_destroy(&turns) == 0);
	REQUIRE(cells_left() == 0);
}

/* Called when the thread's cache is gone: still served, one slot at a time, nothing left behind. */
static struct slot of_gone_thread;

static void late(void *arg)
{
	(void)arg;
	if (tcache_self != &tcache_gone.tcache)
		return; /* this key's turn came before the cache's: another round comes */
	struct slot slot = pop(5);
	push(slot);
	of_gone_thread = pop(5);
	REQUIRE(tcache_self == &tcache_gone.tcache);
	REQUIRE(tcache_slots(&tcache_gone.tcache, 5) == 0);
}

static pthread_key_t late_key;

static void *leave(void *arg)
{
	REQUIRE(pthread_setspecific(late_key, &late_key) == 0);
	*(struct slot *)arg = pop(5);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		push(pop(class));
	return NULL;
}

static void after_a_cache(void)
{
	for (int round = 0; round < 50; round++) {
		struct slot left;
		in_thread(leave, &left);
		REQUIRE(tcache_count() == 1);
		REQUIRE(*left.state == SLOT_LIVE);
		push(left);
		REQUIRE(*of_gone_thread.state == SLOT_LIVE);
		push(of_gone_thread);
		REQUIRE(cells_left() == 0);
	}
}

/* Arenas go to the next thread once theirs has ended: a thousand threads need no more than two. */
static void *one_block(void *arg)
{
	*(uint16_t *)arg = 0;
	push(pop(3));
	*(uint16_t *)arg = tcache_self->arena_number;
	return NULL;
}

static void arenas_reused(void)
{
	for (int i = 0; i < 1000; i++) {
		uint16_t number;
		in_thread(one_block, &number);
		REQUIRE(number <= 1);
	}
	REQUIRE(slab_arenas[2] == NULL);
	/* On a busy machine this thread's cache may have been taken while it waited: it is back after this. */
	push(pop(3));
	for (unsigned i = 0; slab_arenas[i] != NULL; i++)
		REQUIRE(slab_arenas[i]->users == (i == tcache_self->arena_number));
}

/* The caches of threads that do not live on in a child are emptied there. */
static pthread_barrier_t barrier;
static struct slot theirs;
static struct tcache *interrupted;

static void *wait_with_a_cache(void *arg)
{
	struct slot *ours = arg;

	theirs = pop(7);
	push(*ours); /* to the outbox */
	REQUIRE(tcache_self->outbox_count == 1);
	interrupted = tcache_self;
	for (int i = 0; i < 100; i++)
		push(pop(7));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void forked(void)
{
	pthread_t threads[4];
	struct slot ours[4];
	int status = 0;

	REQUIRE(pthread_barrier_init(&barrier, NULL, 5) == 0);
	for (int i = 0; i < 4; i++)
		ours[i] = pop(7);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, wait_with_a_cache, &ours[i]) == 0);
	pthread_barrier_wait(&barrier);
	REQUIRE(tcache_count() == 5);
	lock_fork_prepare();
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		lock_fork_child();
		/* One was about to change a magazine, which nobody may rely on then. */
		interrupted->changing = 7 + 1;
		interrupted->magazines[7].top = NULL;
		tcache_fork_child();
		REQUIRE(tcache_count() == 1);
		push(theirs);
		/* Their magazines are home; but three of the four blocks are still out, for good. */
		unsigned left = cells_left();
		REQUIRE(left >= 1);
		REQUIRE(left <= 4);
		push(pop(7));
		_exit(0);
	}
	lock_fork_parent();
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(tcache_count() == 1);
	all_ok();
}

/* Where there are many threads, each keeps less; a magazine that grew before shrinks once it is full. */
static void *keep_one(void *arg)
{
	(void)arg;
	push(pop(2));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void many_threads(void)
{
	enum { THREADS = 63, COUNT = 8000 };
	static struct slot slots[COUNT];
	pthread_t threads[THREADS];
	const struct tcache *self = tcache_self;
	uint8_t *misses = tcache_more(self)->misses;
	unsigned cells = cells_left();

	for (unsigned i = 0; i < COUNT; i++)
		slots[i] = pop(2);
	REQUIRE(self->capacities[2] == 511);
	REQUIRE(misses[2] == 48);
	misses[2] = 0;
	REQUIRE(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, keep_one, NULL) == 0);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < COUNT; i++)
		push(slots[i]);
	REQUIRE(self->capacities[2] == 2048 / sizeclasses[2].slot_bytes);
	/* Of a class that has missed for some time, twice as much, and then twice as much again: that is all. */
	unsigned taken = 0;
	for (unsigned stage = 0; stage < 2; stage++)
		for (; misses[2] < 24 * (stage + 1); taken++) {
			uint32_t most = (2048u << stage) / sizeclasses[2].slot_bytes;
			REQUIRE(self->capacities[2] == most);
			slots[taken] = pop(2);
		}
	for (unsigned i = 0; i < 1000; i++)
		slots[taken++] = pop(2);
	REQUIRE(misses[2] == 48 && taken <= COUNT);
	REQUIRE(self->capacities[2] == 8192 / sizeclasses[2].slot_bytes);
	while (taken > 0)
		push(slots[--taken]);
	/* None of a large class. */
	struct slot large = pop(SIZECLASS_COUNT - 1);
	push(large);
	REQUIRE(tcache_slots(self, SIZECLASS_COUNT - 1) == 0);
	/* Of a class above 256 bytes none, until it has missed for some time. */
	unsigned medium = sizeclass_of(512);
	REQUIRE(self->capacities[medium] == 0);
	for (unsigned i = misses[medium]; i < 23; i++) {
		push(pop(medium));
		REQUIRE(self->capacities[medium] == 0);
		REQUIRE(tcache_slots(self, medium) == 0);
	}
	push(pop(medium));
	REQUIRE(self->capacities[medium] == 3);
	all_ok();
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(cells_left() == cells);
}

/* --- Caches of others, emptied ------------------------------------------------------------------- */

#ifdef __x86_64__
/* A sequence, so that threads can be interrupted; nobody ever is in it. */
__asm__("	.text\n"
        "one_start:\n"
        "	nop\n"
        "one_end:\n"
        "	.long 0x53053053\n"
        "one_restart:\n"
        "	ud2\n"
        "	.section awake_sequence, \"a\"\n"
        "	.balign 4\n"
        "	.long one_start - .\n"
        "	.long one_end - .\n"
        "	.long one_restart - .\n"
        "	.text\n");
static const bool has_sequence = true;
#else
static const bool has_sequence = false;
#endif

static struct tcache *of_other;
static bool other_hides;

/* Waits with slots of its own and of another arena at hand; and then goes on with them. */
static void *keeps(void *arg)
{
	struct slot slots[10];

	for (unsigned i = 0; i < 10; i++)
		slots[i] = pop(7);
	for (unsigned i = 0; i < 10; i++)
		push(slots[i]);
	push(*(struct slot *)arg);
	of_other = tcache_self;
	REQUIRE(tcache_slots(of_other, 7) >= 10 && of_other->outbox_count == 1);
	struct tcache *own = other_hides ? tcache_hide() : NULL;
	pthread_barrier_wait(&turns);
	pthread_barrier_wait(&turns);
	if (own != NULL)
		tcache_show(own);
	for (unsigned i = 0; i < 10; i++)
		push(pop(7));
	return NULL;
}

static bool other_is_empty(void)
{
	return tcache_slots(of_other, 7) == 0 && of_other->outbox_count == 0;
}

/* All at once, or in rounds; or not at all, as its thread is at it. */
static void emptied(bool all, bool hides)
{
	struct slot slot = pop(8);
	pthread_t thread;
	unsigned rounds = 0;

	other_hides = hides;
	REQUIRE(pthread_barrier_init(&turns, NULL, 2) == 0);
	REQUIRE(pthread_create(&thread, NULL, keeps, &slot) == 0);
	pthread_barrier_wait(&turns);
	struct tcache *own = tcache_hide();
	for (; rounds < 10 && !other_is_empty(); rounds++)
		tcache_empty_others(all);
	tcache_show(own);
	if (hides || !has_sequences() || !has_sequence)
		REQUIRE(rounds == 10);
	else
		REQUIRE(all ? rounds == 1 : rounds > 1 && rounds < 10);
	pthread_barrier_wait(&turns);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(pthread_barrier_destroy(&turns) == 0);
	REQUIRE(cells_left() == 0);
}

int main(void)
{
	REQUIRE(setenv("HALLOC_ARENAS", "16", 1) == 0);
	options_boot();
	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(heap_boot());
	slab_boot();
	REQUIRE(slab_arena_new(ARENAS_MAX));
	REQUIRE(tcache_boot());
	REQUIRE(pthread_key_create(&late_key, late) == 0);
	before_a_cache();
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		growth(class);
	arenas_reused();
	outbox();
	outbox_large();
	outbox_mixed();
	after_a_cache();
	for (unsigned i = 0; i < 4; i++)
		emptied(i & 1, i & 2);
	forked();
	many_threads();
	return 0;
}
