/* Idle memory goes back: when it was asked for, after its time, and while the heap grows.
 * links: idle pages slots slab mail awake heap purge process look huge touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "idle.h"
#include "heap.h"
#include "options.h"
#include "page_b.h"
#include "slots.h"
#include "test.h"

#include <time.h>

enum { BEFORE = 5000, AFTER = 700, MIB = 1 << 20, BYTES = 24 * MIB, SLOTS_MAX = BYTES / AFTER + 1 };

static struct arena *arena;
static struct slot slots[SLOTS_MAX];

static void pass(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

/* Deals out some megabytes in slots, one at a time and coming by as malloc does. */
static unsigned deal(size_t size)
{
	unsigned class = sizeclass_of(size), count = 0;

	for (size_t bytes = 0; bytes < BYTES; bytes += sizeclasses[class].slot_bytes) {
		REQUIRE(slots_fill(arena, class, &slots[count], 1) == 1);
		*slots[count].state = SLOT_DEAD; /* in use until now */
		count++;
		idle_tick();
	}
	return count;
}

static uint64_t purged_by(void (*act)(void))
{
	uint64_t before = halloc_page_b.purged_bytes;

	act();
	return halloc_page_b.purged_bytes - before;
}

static void asked_for(void)
{
	halloc_page_b.trims_wanted++;
	idle_tick();
	REQUIRE(halloc_page_b.trims_done == halloc_page_b.trims_wanted);
}

static void after_its_time(void)
{
	pass(60);
	idle_tick();
}

static void grow(void)
{
	slots_flush(arena, slots, deal(AFTER));
}

int main(void)
{
	options_boot();
	os_boot();
	options.purge_after_ms = 20;
	options.huge_pages = 1; /* off */
	REQUIRE(page_b_boot());
	REQUIRE(heap_boot());
	slab_boot();
	arena = slab_arena_new(1);
	REQUIRE(arena);
	idle_tick();

	slots_flush(arena, slots, deal(BEFORE));
	REQUIRE(purged_by(after_its_time) > BYTES - MIB);

	/* Nothing goes back otherwise, unless something asks for it. */
	options.purge_after_ms = 3600000;
	pass(60);
	idle_tick();
	slots_flush(arena, slots, deal(BEFORE));
	REQUIRE(purged_by(idle_tick) == 0);
	REQUIRE(purged_by(asked_for) > BYTES - MIB);
	REQUIRE(purged_by(asked_for) == 0);

	/* Three of four slots: what lies between the others is no use for other sizes. */
	unsigned count = deal(BEFORE);
	for (unsigned i = 0; i < count; i++)
		if (i % 4 != 0)
			slots_flush(arena, &slots[i], 1);
	pass(60);
	REQUIRE(purged_by(grow) > BYTES / 3);
	REQUIRE(slab_ok(arena));
	REQUIRE(heap_ok(heap_process));
	return 0;
}
