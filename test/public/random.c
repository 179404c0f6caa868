/* Thousands of random steps on one heap, which after each holds exactly what it should. */
#include "walked.h"

enum { SLOTS = 40, STEPS = 20000 };

int main(void)
{
	struct heap *heap = heap_create(4096, 8);
	char *cells[SLOTS] = {NULL};
	size_t sizes[SLOTS] = {0}, used = 0, refused = 0;
	uint32_t random = 12345;

	for (int step = 0; step < STEPS; step++) {
		unsigned slot = next_random(&random) % SLOTS;

		if (cells[slot]) {
			REQUIRE(filled(cells[slot], sizes[slot], slot));
			REQUIRE(heap_free(heap, cells[slot]) == 0);
			used -= (sizes[slot] + 7) / 8 * 8;
			cells[slot] = NULL;
		} else {
			sizes[slot] = 1 + next_random(&random) % 300;
			cells[slot] = heap_alloc(heap, sizes[slot]);
			refused += !cells[slot];
			if (!cells[slot])
				continue;
			REQUIRE((uintptr_t)cells[slot] % 8 == 0);
			fill(cells[slot], sizes[slot], slot);
			used += (sizes[slot] + 7) / 8 * 8;
		}
		REQUIRE(walk(heap)->used == used);
		REQUIRE(walk(heap)->total == 4096);
	}
	REQUIRE(refused > 0);
	heap_destroy(heap);
	return 0;
}
