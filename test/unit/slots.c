/* Slots of every class leave in address order and come home; slabs come, go and are purged; the walker
 * after every operation.
 * links: pages slots slab mail awake heap purge process look huge touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "slots.h"
#include "child.h"
#include "clock.h"
#include "heap.h"
#include "options.h"
#include "page_b.h"
#include "pages.h"

enum { SLOTS = 20000 };

static struct arena *arena, *other;
static struct slot slots[SLOTS];

static unsigned fill_slots(struct arena *from, unsigned class, struct slot *at, unsigned wanted)
{
	unsigned count = slots_fill(from, class, at, wanted);

	REQUIRE(slab_ok(from));
	REQUIRE(heap_ok(heap_process));
	return count;
}

static void flush(struct arena *to, const struct slot *at, unsigned count)
{
	slots_flush(to, at, count);
	REQUIRE(slab_ok(to));
	REQUIRE(heap_ok(heap_process));
}

static size_t purge(void)
{
	size_t purged = pages_purge(clock_ms(), 0);

	REQUIRE(slab_ok(arena));
	REQUIRE(heap_ok(heap_process));
	REQUIRE(page_b_ok());
	return purged;
}

/* Where a slot must lie: in a slab of its class and arena, at a slot's start. */
static void place_ok(const struct slot *slot, unsigned class, const struct arena *of)
{
	const struct pagemap_entry *entry = pagemap_find(slot->ptr);
	uint64_t rest;

	REQUIRE(entry);
	REQUIRE(entry->sizeclass == class);
	REQUIRE(entry->arena == of->number);
	uint32_t index =
	        sizeclass_divide((uintptr_t)slot->ptr - entry->start, entry->reciprocal, &rest);
	REQUIRE(rest < entry->reciprocal);
	REQUIRE(index < sizeclasses[class].slots);
	REQUIRE(slot->state == entry->states + index);
	REQUIRE(*slot->state != SLOT_LIVE);
}

static void write_all(struct slot *at, unsigned count, unsigned class, unsigned salt)
{
	for (unsigned i = 0; i < count; i++)
		fill(at[i].ptr, sizeclasses[class].slot_bytes, i + salt);
}

static void check_all(struct slot *at, unsigned count, unsigned class, unsigned salt)
{
	for (unsigned i = 0; i < count; i++)
		REQUIRE(filled(at[i].ptr, sizeclasses[class].slot_bytes, i + salt));
}

static void set_all(struct slot *at, unsigned count, enum slot_state state)
{
	for (unsigned i = 0; i < count; i++)
		*at[i].state = (uint8_t)state;
}

static bool reads_zero(const char *ptr, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (ptr[i] != 0)
			return false;
	return true;
}

/* More than two slabs of a class out, all apart, and home again in several orders. */
static void one_class(unsigned class)
{
	unsigned per_slab = sizeclasses[class].slots;
	unsigned count = 2 * per_slab + per_slab / 2 + 1;

	REQUIRE(count <= SLOTS);
	for (int order = 0; order < 4; order++) {
		REQUIRE(fill_slots(arena, class, slots, count) == count);
		/* The lowest address is popped first, from the end. */
		for (unsigned i = 0; i < count; i++) {
			place_ok(&slots[i], class, arena);
			if (i > 0 && pagemap_find(slots[i].ptr)->start ==
			                     pagemap_find(slots[i - 1].ptr)->start)
				REQUIRE(slots[i].ptr < slots[i - 1].ptr);
		}
		set_all(slots, count, SLOT_LIVE);
		write_all(slots, count, class, class);
		struct slab *slab = slab_at((const void *)pagemap_find(slots[0].ptr)->start);
		struct slab_counts counts = slab_count(slab);
		REQUIRE(counts.live + counts.free + counts.cached == per_slab);
		REQUIRE(counts.cached == 0);
		check_all(slots, count, class, class);
		set_all(slots, count, SLOT_DEAD);
		switch (order) {
		case 0: /* all at once */
			flush(arena, slots, count);
			break;
		case 1: /* one by one, the odd ones first */
			for (unsigned i = 1; i < count; i += 2)
				slots_flush(arena, &slots[i], 1);
			REQUIRE(slab_ok(arena));
			for (unsigned i = 0; i < count; i += 2)
				slots_flush(arena, &slots[i], 1);
			REQUIRE(slab_ok(arena));
			break;
		case 2: /* backwards, some purged in between */
			for (unsigned i = count; i-- > 0;) {
				slots_flush(arena, &slots[i], 1);
				if (i % (per_slab / 2) == 0)
					purge();
			}
			break;
		default:
			flush(arena, slots, count / 3);
			flush(arena, slots + count / 3, count - count / 3);
		}
		purge();
		REQUIRE(heap_process->cells_in_use == 0);
	}
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

static unsigned fresh_beside(const struct slot *slot, unsigned count)
{
	const struct slab *slab = slab_at((const void *)pagemap_find(slot->ptr)->start);
	unsigned fresh = 0;

	for (unsigned i = 0; i < count; i++)
		fresh += slab_states(slab)[i] == SLOT_FRESH;
	return fresh;
}

/* FRESH promises zero, after purging of parts of a slab too. */
static void fresh_is_zero(unsigned class)
{
	unsigned count = sizeclasses[class].slots;
	uint32_t bytes = sizeclasses[class].slot_bytes;
	uint32_t chance = class + 1;
	unsigned fresh = 0;

	for (int round = 0; round < 6; round++) {
		REQUIRE(fill_slots(arena, class, slots, count) == count);
		for (unsigned i = 0; i < count; i++) {
			if (*slots[i].state == SLOT_FRESH) {
				REQUIRE(reads_zero(slots[i].ptr, bytes));
				fresh++;
			}
		}
		set_all(slots, count, SLOT_DEAD);
		write_all(slots, count, class, 1);
		/* Runs of slots go home; the others must keep their contents over the purge. */
		unsigned kept = 0;
		for (unsigned i = 0; i < count;) {
			unsigned run = 1 + next_random(&chance) % (8 * 4096 / bytes + 2);
			if (run > count - i)
				run = count - i;
			flush(arena, slots + i, run);
			i += run;
			if (i < count)
				slots[kept++] = slots[i++];
		}
		write_all(slots, kept, class, 2);
		/* What went back is FRESH again: of each page, all slots but those at its ends. */
		size_t purged = purge();
		if (kept != 0 && bytes <= 1024 && purged != 0)
			REQUIRE(fresh_beside(slots, count) >= purged / bytes / 2);
		check_all(slots, kept, class, 2);
		flush(arena, slots, kept);
		if (round % 2 == 0)
			purge();
	}
	REQUIRE(fresh > 0);
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

/* The fullest slabs are filled from first, so that the emptiest empty. */
static void fullest_first(void)
{
	unsigned class = sizeclass_of(1024);
	unsigned per_slab = sizeclasses[class].slots;

	REQUIRE(fill_slots(arena, class, slots, 2 * per_slab) == 2 * per_slab);
	set_all(slots, 2 * per_slab, SLOT_DEAD);
	/* The upper half came from the first slab, which loses two slots; the second keeps two. */
	uintptr_t full = pagemap_find(slots[2 * per_slab - 1].ptr)->start;
	flush(arena, slots + 2 * per_slab - 2, 2);
	flush(arena, slots, per_slab - 2);
	struct slot two[2];
	REQUIRE(fill_slots(arena, class, two, 2) == 2);
	REQUIRE(pagemap_find(two[0].ptr)->start == full);
	REQUIRE(pagemap_find(two[1].ptr)->start == full);
	set_all(two, 2, SLOT_DEAD);
	flush(arena, two, 2);
	flush(arena, slots + per_slab - 2, per_slab);
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

/* A coarse class is refined when an arena has more than 16 heap pages of it, and no other. */
static void refined(unsigned class)
{
	unsigned fine = sizeclass_of(sizeclasses[class - 1].slot_bytes), below = class - 4;
	unsigned slabs = 16 / sizeclasses[class].heap_pages;
	unsigned some = slabs * sizeclasses[class].slots;

	REQUIRE(fine == class);
	REQUIRE(fill_slots(arena, class, slots, some) == some);
	REQUIRE(sizeclass_of(sizeclasses[class - 1].slot_bytes) == class);
	REQUIRE(fill_slots(arena, class, slots + some, 1) == 1);
	REQUIRE(sizeclass_of(sizeclasses[class - 1].slot_bytes) == class - 1);
	REQUIRE(sizeclass_of(sizeclasses[below - 1].slot_bytes) == below);
	set_all(slots, some + 1, SLOT_DEAD);
	flush(arena, slots, some + 1);
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

/* Slots that come home one by one, any of those that are out, and some leave again in between: at each step
 * the slab is in the list of its fullness, which the walker sees to, and idle from the moment on that its
 * free slots make an OS page. */
static void settles(unsigned class)
{
	unsigned count = sizeclasses[class].slots;
	unsigned out = count;
	uint32_t chance = class + 1;

	REQUIRE(fill_slots(arena, class, slots, count) == count);
	set_all(slots, count, SLOT_DEAD);
	const struct slab *slab = slab_at((const void *)pagemap_find(slots[0].ptr)->start);
	for (unsigned step = 0; step < 4 * count; step++) {
		unsigned one_in = step < count || step > 2 * count ? 16 : 3; /* emptier, fuller */
		if (out != 0 && (out == count || next_random(&chance) % one_in != 0)) {
			unsigned goes = next_random(&chance) % out--;
			struct slot slot = slots[goes];
			slots[goes] = slots[out];
			flush(arena, &slot, 1);
			size_t free_bytes = slab->free * (size_t)sizeclasses[class].slot_bytes;
			REQUIRE((slab->idle_since != 0) == (free_bytes >= os_page_bytes));
		} else {
			unsigned wanted = 1 + next_random(&chance) % 8;
			wanted = wanted < count - out ? wanted : count - out;
			REQUIRE(fill_slots(arena, class, slots + out, wanted) == wanted);
			out += wanted;
			REQUIRE(slab->idle_since == 0);
		}
		REQUIRE(slab->free == count - out);
	}
	flush(arena, slots, out);
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

static void arenas_apart(void)
{
	unsigned class = sizeclass_of(64);

	REQUIRE(fill_slots(arena, class, slots, 100) == 100);
	REQUIRE(fill_slots(other, class, slots + 100, 100) == 100);
	for (unsigned i = 0; i < 100; i++) {
		place_ok(&slots[i], class, arena);
		place_ok(&slots[100 + i], class, other);
	}
	set_all(slots, 200, SLOT_DEAD);
	flush(arena, slots, 100);
	flush(other, slots + 100, 100);
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

/* A retired slab's addresses are told from those of a live one. */
static void retired(void)
{
	unsigned class = sizeclass_of(48);
	struct slot slot;

	REQUIRE(fill_slots(arena, class, &slot, 1) == 1);
	const struct pagemap_entry *entry = pagemap_find(slot.ptr);
	REQUIRE(slab_at((const void *)entry->start) != NULL);
	REQUIRE(entry->kind != PAGEMAP_RETIRED);
	*slot.state = SLOT_DEAD;
	uintptr_t start = entry->start;
	flush(arena, &slot, 1);
	purge();
	REQUIRE(entry->reciprocal == 0);
	REQUIRE(entry->kind == PAGEMAP_RETIRED);
	REQUIRE(entry->start == start);
	REQUIRE(slab_at((const void *)start) == NULL);
}

static int damage_kind;

static void damage(void *arg)
{
	struct slab *slab = arg;
	uint8_t *states = (uint8_t *)(slab + 1);

	switch (damage_kind) {
	case 0:
		slab->free++;
		break;
	case 1:
		slab->free_bits[0] ^= 1;
		break;
	case 2:
		states[sizeclasses[slab->sizeclass].slots - 1] =
		        SLOT_LIVE; /* live, yet in the slab */
		break;
	case 3:
		slab->arena++;
		break;
	case 4:
		slab->first_word++;
		break;
	case 5:
		arena->empty_slabs[slab->sizeclass]++;
		break;
	case 6:
		states[sizeclasses[slab->sizeclass].slots] = SLOT_LIVE; /* the one that never is */
		break;
	case 7:
		slab->fullness ^= 1;
		break;
	case 8:
		slab->settle_at = sizeclasses[slab->sizeclass].slots; /* past other lists */
		break;
	default:
		break;
	}
	_exit(slab_ok(arena) ? 5 : 6);
}

static void walker(void)
{
	struct slot some[10];

	REQUIRE(fill_slots(arena, sizeclass_of(1024), some, 10) == 10);
	struct slab *slab = slab_at((const void *)pagemap_find(some[0].ptr)->start);
	for (damage_kind = 0; damage_kind < 9; damage_kind++) {
		int status = child_run(damage, slab);
		if (status != 6)
			fprintf(stderr, "damage %d: %d\n", damage_kind, status);
		REQUIRE(status == 6);
	}
	REQUIRE(child_run(damage, slab) == 5);
	flush(arena, some, 10);
	purge();
}

static void flush_live(void *arg)
{
	struct slot slot;

	(void)arg;
	slots_fill(arena, 3, &slot, 1);
	*slot.state = SLOT_LIVE;
	slots_flush(arena, &slot, 1);
}

static void flush_twice(void *arg)
{
	struct slot both[2];

	(void)arg;
	slots_fill(arena, 3, both, 2);
	slots_flush(arena, both, 1);
	slots_flush(arena, both, 1);
}

static void *came_twice;
static unsigned times;

static void count_twice(void *ptr)
{
	came_twice = ptr;
	times++;
}

/* Has the record that a slab had serve something else. */
static void record_take(const struct slab *slab)
{
	size_t size = sizeof *slab;

	while (page_b_record_new(size) != slab) {
		size += PAGE_B_ALIGN;
		REQUIRE(size <= PAGE_B_RECORD_BYTES_MAX);
	}
}

/* A slot of which two copies are about, as after two frees at the same moment: whichever comes second is
 * told, wherever the first is by then, and the slab keeps in order. */
static void twice(void)
{
	struct slot both[2], again, all[64];

	slots_came_twice = count_twice;
	REQUIRE(slots_fill(arena, 3, both, 2) == 2);
	slots_flush(arena, both, 1);
	slots_flush(arena, both, 2); /* the first is in the slab already */
	REQUIRE(times == 1);
	REQUIRE(came_twice == both[0].ptr);
	REQUIRE(slab_ok(arena));
	REQUIRE(slots_fill(arena, 3, &again, 1) == 1);
	*again.state = SLOT_LIVE;
	slots_flush(arena, &again, 1); /* its user has it */
	REQUIRE(times == 2);
	REQUIRE(came_twice == again.ptr);
	*again.state = SLOT_DEAD;
	slots_flush(arena, &again, 1);
	REQUIRE(times == 2);
	*again.state = SLOT_LIVE; /* popped elsewhere, while the other copy is in the slab */
	REQUIRE(slots_fill(arena, 3, all, 64) == 64);
	REQUIRE(times == 3);
	REQUIRE(came_twice == again.ptr);
	for (int i = 0; i < 64; i++)
		REQUIRE(all[i].ptr != again.ptr);
	*again.state = SLOT_DEAD;
	slots_flush(arena, &again, 1);
	slots_flush(arena, all, 64);
	REQUIRE(times == 3);
	REQUIRE(slab_ok(arena));
	/* A copy that comes when the slab is gone. */
	const struct slab *gone = slab_at(again.ptr);
	pages_purge(clock_ms() + 1000000, 0);
	REQUIRE(slab_at(again.ptr) == NULL);
	record_take(gone);
	slots_flush(arena, &again, 1);
	REQUIRE(times == 4);
	slots_came_twice = NULL;
}

static void bits_agree(void *ptr)
{
	const struct slab *slab = slab_at((const void *)pagemap_find(ptr)->start);
	unsigned words = (sizeclasses[slab->sizeclass].slots + 63u) / 64;
	unsigned free = 0;

	for (unsigned i = 0; i < words; i++)
		free += (unsigned)__builtin_popcountll(slab->free_bits[i]);
	REQUIRE(free == slab->free);
	times++;
}

/* Who reads a slab from outside in the midst of a fill finds as many bits as free slots: the thread that
 * fills may have lost its processor there. */
static void seen_amid_fill(void)
{
	struct slot some[200];

	times = 0;
	slots_came_twice = bits_agree;
	REQUIRE(slots_fill(arena, 3, some, 200) == 200);
	struct slot live = some[100]; /* in the second word */
	flush(arena, some, 200);
	*live.state = SLOT_LIVE;
	REQUIRE(slots_fill(arena, 3, some, 200) == 200);
	REQUIRE(times == 1);
	*live.state = SLOT_DEAD;
	flush(arena, &live, 1);
	flush(arena, some, 200);
	REQUIRE(times == 1);
	slots_came_twice = NULL;
	purge();
}

/* The same within one batch, between slots of one word: the others come home. */
static void twice_at_once(void)
{
	struct slot some[4];

	times = 0;
	slots_came_twice = count_twice;
	REQUIRE(slots_fill(arena, 3, some, 3) == 3);
	const struct slab *slab = slab_at((const void *)pagemap_find(some[0].ptr)->start);
	some[3] = some[2];
	some[2] = some[0];
	flush(arena, some, 4);
	REQUIRE(times == 1);
	REQUIRE(came_twice == some[0].ptr);
	REQUIRE(slab->free == sizeclasses[3].slots);
	REQUIRE(slots_fill(arena, 3, some, 3) == 3);
	*some[1].state = SLOT_LIVE;
	flush(arena, some, 3);
	REQUIRE(times == 2);
	REQUIRE(came_twice == some[1].ptr);
	REQUIRE(slab->free == sizeclasses[3].slots - 1);
	*some[1].state = SLOT_DEAD;
	flush(arena, &some[1], 1);
	REQUIRE(times == 2);
	purge();
	/* One whose slab is gone, with its state where another slab, of fewer slots, has none. */
	unsigned class = SIZECLASS_COUNT - 1;
	REQUIRE(slots_fill(arena, class, some, 1) == 1);
	some[1].ptr = some[0].ptr;
	some[1].state = slab_states(slab_at(some[0].ptr)) + sizeclasses[class].slots;
	flush(arena, some, 2);
	REQUIRE(times == 3);
	slots_came_twice = NULL;
	purge();
	REQUIRE(heap_process->cells_in_use == 0);
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(heap_boot());
	slab_boot();
	arena = slab_arena_new(ARENAS_MAX);
	other = slab_arena_new(ARENAS_MAX);
	REQUIRE(arena);
	REQUIRE(other);
	REQUIRE(other->number == 1);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		one_class(class);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		fresh_is_zero(class);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		settles(class);
	fullest_first();
	arenas_apart();
	retired();
	walker();
	REQUIRE(child_aborts(flush_live, NULL, "halloc: bug in halloc: slots_came_twice != NULL"));
	REQUIRE(child_aborts(flush_twice, NULL, "halloc: bug in halloc: slots_came_twice != NULL"));
	twice();
	twice_at_once();
	seen_amid_fill();
	refined(SIZECLASS_COUNT - 1);
	refined(sizeclass_of(1024));
	return 0;
}
