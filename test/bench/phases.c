/* phases - the mix of sizes shifts: in each phase 64 MiB live in blocks about one size, and all but a
 * tenth of those go before the next. What cannot be used again for other sizes shows as peak memory. */
#include "bench.h"
#include <malloc.h>

enum { phases = 10, blocks_max = 1 << 21 };
static const size_t live_bytes = (size_t)64 << 20;

static char *blocks[blocks_max];

/* Fills up from bytes to live_bytes. Returns: how many blocks there are then. */
static size_t fill_phase(size_t count, size_t bytes, size_t about, uint32_t *seed)
{
	while (bytes < live_bytes) {
		size_t size = about + next_random(seed) % about;
		REQUIRE(count < blocks_max);
		blocks[count++] = allocate(size);
		bytes += size;
	}
	return count;
}

int main(void)
{
	static const size_t sizes[phases] = {48, 700, 24, 3000, 100, 40000, 200, 9000, 32, 1500};
	size_t count = 0, bytes = 0;
	uint32_t seed = 7;

	for (unsigned phase = 0; phase < phases; phase++) {
		size_t kept = 0;
		count = fill_phase(count, bytes, sizes[phase], &seed);
		bytes = 0;
		shuffle(blocks, count, &seed);
		for (size_t i = 0; i < count; i++)
			if (i % 10 == 0) {
				bytes += malloc_usable_size(blocks[i]);
				blocks[kept++] = blocks[i];
			} else {
				free(blocks[i]);
			}
		count = kept;
	}
	while (count > 0)
		free(blocks[--count]);
	return 0;
}
