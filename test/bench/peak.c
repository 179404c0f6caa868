/* peak - 200 MiB of small blocks, nine tenths of them freed in no order; then half a second of little
 * to do. It prints what is resident after that: that stands for its memory in the table. */
#include "bench.h"

enum { sizes_max = 400, calls = 50, pause_us = 10000 };
static const size_t live_bytes = (size_t)200 << 20;

int main(void)
{
	size_t count = 0, bytes = 0, most = 2 * live_bytes / sizes_max;
	char **blocks = calloc(most, sizeof *blocks);
	uint32_t seed = 8;

	REQUIRE(blocks);
	for (; bytes < live_bytes; count++) {
		size_t size = 1 + next_random(&seed) % sizes_max;
		REQUIRE(count < most);
		blocks[count] = allocate(size);
		bytes += size;
	}
	shuffle(blocks, count, &seed);
	for (size_t i = count / 10; i < count; i++)
		free(blocks[i]);
	for (unsigned i = 0; i < calls; i++) {
		usleep(pause_us);
		free(allocate(random_size(&seed)));
	}
	printf("resident KiB: %zu\n", resident_bytes() >> 10);
	return 0;
}
