/* Heaps in print: a line a cell, true to what is there; errors of the file are told.
 * links: dump guarded guards misuse slack backtrace bootstrap pages slots slab mail awake heap purge process look huge touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "dump.h"
#include "child.h"
#include "page_b.h"
#include "slots.h"

static char text[1 << 16];

/* Returns: what print wrote. */
static const char *printed(struct heap *heap)
{
	FILE *file = tmpfile();

	REQUIRE(file);
	REQUIRE((heap != NULL ? dump_heap(heap, fileno(file)) : dump_process(fileno(file))) == 0);
	rewind(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void small_heap(void)
{
	struct heap *heap = heap_open(os_page_bytes, 1);
	char expected[500];
	char *base = (char *)heap->base;

	heap_take(heap, 10, 1, HEAP_BLOCK);
	void *eight = heap_take(heap, 8, 1, HEAP_BLOCK);
	heap_take(heap, 2, 1, HEAP_BLOCK);
	heap_give(heap, eight, HEAP_BLOCK, HEAP_DIRTY);
	snprintf(expected, sizeof expected,
	         "%p %10d in use\n%p %10d free\n%p %10d in use\n%p %10d free\n", (void *)base, 10,
	         (void *)(base + 10), 8, (void *)(base + 18), 2, (void *)(base + 20), 4076);
	REQUIRE(strcmp(printed(heap), expected) == 0);
	REQUIRE(dump_heap(heap, -1) == EBADF);
	heap_close(heap);
}

/* More cells than are copied at a time. */
static void many_cells(void)
{
	struct heap *heap = heap_open(16 * os_page_bytes, 16);
	const char *at;
	char line[100];

	for (int i = 0; i < 500; i++)
		REQUIRE(heap_take(heap, 16, 16, HEAP_BLOCK));
	at = printed(heap);
	for (int i = 0; i < 500; i++) {
		int length = snprintf(line, sizeof line, "%p %10d in use\n",
		                      (void *)(heap->base + (uintptr_t)i * 16), 16);
		REQUIRE(strncmp(at, line, (size_t)length) == 0);
		at += length;
	}
	REQUIRE(strstr(at, " free\n") != NULL);
	heap_close(heap);
}

static void process(void)
{
	struct arena *arena = slab_arena_new(ARENAS_MAX);
	struct slot slots[10];
	char line[200];

	REQUIRE(slots_fill(arena, sizeclass_of(1024), slots, 10) == 10);
	for (int i = 0; i < 4; i++)
		*slots[i].state = SLOT_LIVE;
	void *block = heap_take(heap_process, 100000, 16, HEAP_BLOCK);
	printed(NULL);
	REQUIRE(strstr(text, "slab of 1024-byte slots in arena 0: 4 live, 6 cached, 54 free\n"));
	snprintf(line, sizeof line, "%p %10d in use\n", block, 131072);
	REQUIRE(strstr(text, line));
	snprintf(line, sizeof line, "\n%10d %8d %10d %10d %10d\n", 1024, 1, 4, 6, 54);
	REQUIRE(strstr(text, line));
	REQUIRE(dump_process(-1) == EBADF);
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	small_heap();
	many_cells();
	REQUIRE(heap_boot());
	slab_boot();
	process();
	return 0;
}
