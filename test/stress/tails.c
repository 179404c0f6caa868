/* While the heap grows, large blocks that lie where others were before do not keep what those left behind their ends: 36 KiB
 * where 64 KiB were take no more than 36.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

enum { KIB = 1024, FIRST = 300, MORE = 100, TRIES = 20 };

/* Returns: the bytes resident above what the blocks have. */
static long wasted(char **blocks, unsigned count, size_t bytes, long before)
{
	for (unsigned i = 0; i < count; i++) {
		blocks[i] = malloc(bytes);
		REQUIRE(blocks[i]);
		fill(blocks[i], bytes, i);
	}
	return (long)resident_bytes() - before - (long)((size_t)count * bytes);
}

static void free_all(char **blocks, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(blocks[i]);
}

int main(void)
{
	static char *blocks[FIRST + TRIES * MORE];
	long before = (long)resident_bytes(), waste = 0;

	/* On a machine that is busy the growth may have been too long ago. */
	for (unsigned i = 0; i < TRIES; i++) {
		unsigned count = FIRST + i * MORE;
		wasted(blocks, count, 64 * KIB - 1, before);
		free_all(blocks, count);
		waste = wasted(blocks, count, 36 * KIB, before);
		fprintf(stderr, "%u blocks, %ld KiB above them\n", count, waste / KIB);
		free_all(blocks, count);
		if (waste < (long)(count * 12 * KIB))
			return 0;
	}
	return 1;
}
