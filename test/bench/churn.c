/* churn - one thread replaces blocks of many sizes at random: what most programs do most. */
#include "bench.h"

enum { live = 50000, replacements = 12000000 };

int main(void)
{
	static char *blocks[live];
	uint32_t seed = 1;

	for (unsigned i = 0; i < replacements; i++) {
		unsigned at = next_random(&seed) % live;
		free(blocks[at]);
		blocks[at] = allocate(random_size(&seed));
	}
	for (unsigned i = 0; i < live; i++)
		free(blocks[i]);
	return 0;
}
