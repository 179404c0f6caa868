/* heap_walk shows the cells in address order, and stops where the visitor says so. */
#include "walked.h"

static int visits;

static int stop_at_third(const struct heap_cell_info *cell, void *arg)
{
	REQUIRE(arg == &visits);
	REQUIRE(cell->size > 0);
	return ++visits == 3 ? 42 : 0;
}

static int stop_at_once(const struct heap_cell_info *cell, void *arg)
{
	REQUIRE(cell->offset == 0);
	REQUIRE(arg == NULL);
	return -7;
}

int main(void)
{
	struct heap *heap = heap_create(8192, 16);
	char *cells[100];
	uint32_t random = 7;

	for (int i = 0; i < 100; i++)
		REQUIRE((cells[i] = heap_alloc(heap, 1 + next_random(&random) % 60)));
	for (int i = 0; i < 100; i += 3)
		REQUIRE(heap_free(heap, cells[i]) == 0);
	REQUIRE(walk(heap)->tiled);
	REQUIRE(walk(heap)->total == 8192);
	REQUIRE(walk(heap)->count == 100);
	REQUIRE(heap_walk(heap, stop_at_third, &visits) == 42);
	REQUIRE(visits == 3);
	REQUIRE(heap_walk(heap, stop_at_once, NULL) == -7);
	heap_destroy(heap);
	return 0;
}
