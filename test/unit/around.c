/* The block around every address: small and large, live, freed and never handed out, in both modes.
 * links: around misuse slack backtrace guarded guards hardened makers quarantine inspect resize alloc boot background objects bootstrap misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge move touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "around.h"
#include "alloc.h"
#include "boot.h"
#include "child.h"

static void is(const char *at, enum around_state state, const char *start, size_t bytes)
{
	struct around around;

	REQUIRE(around_is_heap(at));
	REQUIRE(around_find(at, &around));
	REQUIRE(around.state == state);
	REQUIRE(around.start == (uintptr_t)start);
	REQUIRE(around.bytes == bytes);
}

/* A live block of so many bytes, of which room can be used. */
static void live(char *block, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += bytes / 97 + 1) {
		is(block + at, AROUND_LIVE, block, bytes);
		REQUIRE(around_room(block + at) == bytes - at);
	}
	REQUIRE(around_room(block + bytes - 1) == 1);
}

static void freed(char *block, size_t bytes)
{
	struct around around;

	for (size_t at = 0; at < bytes; at += bytes / 97 + 1) {
		REQUIRE(around_find(block + at, &around));
		REQUIRE(around.state == AROUND_FREED);
		REQUIRE(around_room(block + at) == 0);
	}
}

static void outside(void)
{
	static char data[10];

	REQUIRE(!around_is_heap(data));
	REQUIRE(!around_is_heap(&data));
	REQUIRE(!around_is_heap(NULL));
	REQUIRE(!around_is_heap((void *)UINTPTR_MAX));
}

static void by_default(void *arg)
{
	(void)arg;
	boot_start();
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		sizeclass_refine(class);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		size_t bytes = sizeclasses[class].slot_bytes;
		char *block = alloc_new(bytes), *other = alloc_new(bytes);
		live(block, bytes);
		alloc_free(block);
		freed(block, bytes);
		live(other, bytes);
	}
	/* Slots and the rest of a slab behind the last of them, which nobody ever had. */
	char *block = alloc_new(28000);
	is(block + 28672 * 8, AROUND_NOTHING, block + 28672 * 8, 0);
	REQUIRE(around_room(block + 28672 * 8) == 0);
	is(block + 28672 * 9 + 1, AROUND_NOTHING, block + 28672 * 9 + 1, 0);
	REQUIRE(around_room(block + 28672 * 9 + 1) == 0);
	/* Large blocks, one of them freed between others. */
	char *first = alloc_new(100000), *second = alloc_new(1000000), *third = alloc_new(65536);
	live(first, 131072);
	live(second, 1048576);
	live(third, 65536);
	alloc_free(second);
	freed(second, 1048576);
	live(first, 131072);
	live(third, 65536);
	outside();
}

static void hardened(void *arg)
{
	static const size_t sizes[] = {1, 15, 16, 100, 4096, 32767, 32768, 100000, 1000000};

	(void)arg;
	REQUIRE(setenv("HALLOC_HARDENED", "1", 1) == 0);
	boot_start();
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *block = alloc_new(sizes[i]);
		live(block, sizes[i]);
		REQUIRE(around_room(block + sizes[i]) == 0);
		alloc_free(block);
		freed(block, sizes[i]);
	}
	char *nothing = alloc_new(0);
	is(nothing, AROUND_LIVE, nothing, 0);
	REQUIRE(around_room(nothing) == 0);
	outside();
}

int main(void)
{
	REQUIRE(child_run(by_default, NULL) == 0 || !fprintf(stderr, "%s", child_said));
	REQUIRE(child_run(hardened, NULL) == 0 || !fprintf(stderr, "%s", child_said));
	return 0;
}
