/* Nearly all of a heap of small blocks comes to lie in huge pages, once it is large enough; and when most of it is
 * freed, what is left is not in them.
 * modes: HALLOC_HARDENED=0 */
#include "asked.h"

#include <malloc.h>

enum { SIZE = 100, BYTES = 96 * MIB, SMALL_HEAP = 16 * MIB };

static char *blocks[BYTES / SIZE];

int main(void)
{
	for (size_t i = 0; i < BYTES / SIZE; i++) {
		blocks[i] = malloc(SIZE);
		REQUIRE(blocks[i]);
		memset(blocks[i], 1, SIZE);
		if ((i + 1) * SIZE == SMALL_HEAP / 2)
			REQUIRE(asked_for() == 0);
	}
	size_t full = asked_for();
	printf("huge pages for %zu MiB of %d\n", full / MIB, BYTES / MIB);
	REQUIRE(full >= (has_huge_pages() ? BYTES - SMALL_HEAP - 4 * (size_t)MIB : 0));
	REQUIRE(full <= BYTES + BYTES / 4);
	for (size_t i = 0; i < BYTES / SIZE; i++)
		if (i % 100 != 0)
			free(blocks[i]);
	malloc_trim(0);
	size_t thin = asked_for();
	printf("%zu MiB when a hundredth of the blocks is left\n", thin / MIB);
	REQUIRE(has_huge_pages() ? thin < full / 8 : thin == 0);
	return 0;
}
