/* large - a few blocks of 33 KiB to 32 MiB, replaced at random, every OS page of them written. */
#include "bench.h"

enum { live = 12, replacements = 400 };

int main(void)
{
	static char *blocks[live];
	uint32_t seed = 6;

	for (unsigned i = 0; i < replacements; i++) {
		unsigned at = next_random(&seed) % live;
		size_t most = (size_t)(66 << 10) << next_random(&seed) % 10; /* to 33 MiB */
		size_t size = most / 2 + next_random(&seed) % (most / 2);
		free(blocks[at]);
		blocks[at] = allocate(size < (32 << 20) ? size : 32 << 20);
	}
	for (unsigned i = 0; i < live; i++)
		free(blocks[i]);
	return 0;
}
