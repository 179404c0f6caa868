/* A steady program neither grows nor keeps its peak: sizes of all kinds, for many rounds. */
#include "test.h"
#include <malloc.h>

enum { LIVE = 20000 };

int main(void)
{
	static char *blocks[LIVE];
	uint32_t random = 31;
	size_t settled = 0, last;

	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < LIVE; i++) {
			unsigned slot = next_random(&random) % LIVE;
			size_t size = next_random(&random) % 1000 ? next_random(&random) % 800
			                                          : next_random(&random) % 400000;

			free(blocks[slot]);
			blocks[slot] = malloc(size);
			memset(blocks[slot], round, size);
		}
		if (round == 20)
			settled = resident_bytes();
	}
	last = resident_bytes();
	for (int i = 0; i < LIVE; i++)
		free(blocks[i]);
	malloc_trim(0);
	fprintf(stderr, "resident KB: %zu, then %zu, freed and trimmed %zu\n", settled >> 10,
	        last >> 10, resident_bytes() >> 10);
	REQUIRE(last < settled + settled / 2);
	REQUIRE(resident_bytes() < last / 2);
	return 0;
}
