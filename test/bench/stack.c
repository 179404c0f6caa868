/* stack - blocks freed in the opposite order of their allocation, as by recursion; the depth goes up
 * and down, now and then to the ground. */
#include "bench.h"

enum { depth_max = 4000, steps = 700000, run_max = 64 };

int main(void)
{
	static char *blocks[depth_max];
	uint32_t seed = 2;
	unsigned depth = 0;

	for (unsigned step = 0; step < steps; step++) {
		unsigned run = next_random(&seed) % run_max;
		if (step % 1000 == 0)
			run = depth_max;
		if (step % 2 == 0)
			for (; run > 0 && depth > 0; run--)
				free(blocks[--depth]);
		else
			for (; run > 0 && depth < depth_max; run--)
				blocks[depth++] = allocate(random_size(&seed));
	}
	while (depth > 0)
		free(blocks[--depth]);
	return 0;
}
