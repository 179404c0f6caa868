/* After a peak of the smallest blocks: what is known of them, a fourteenth of their memory, goes back with them.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <time.h>

enum { MIB = 1 << 20, SIZE = 16, BLOCKS = 160 * MIB / SIZE, LEFT = BLOCKS / 10 };

/* The blocks that are left, what is known of them, and 5 %. */
enum { MOST = LEFT * SIZE / 100 * (100 + 8 + 5) };

int main(void)
{
	void **blocks = malloc(BLOCKS * sizeof *blocks);

	REQUIRE(blocks);
	memset(blocks, 1, BLOCKS * sizeof *blocks);
	size_t before = resident_bytes();
	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(SIZE);
		REQUIRE(blocks[i]);
		memset(blocks[i], 1, SIZE);
	}
	size_t peak = resident_bytes() - before;
	for (size_t i = LEFT; i < BLOCKS; i++)
		free(blocks[i]);
	size_t resident = SIZE_MAX;
	for (unsigned tries = 0; tries < 20 && resident > MOST; tries++) {
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
		/* A large block: many small ones would keep their slabs from idling. */
		free(malloc(50000));
		resident = resident_bytes() - before;
	}
	fprintf(stderr, "of %zu KiB %zu are left, for %d KiB of blocks\n", peak >> 10,
	        resident >> 10, (LEFT * SIZE) >> 10);
	REQUIRE(resident <= MOST);
	return 0;
}
