/* A huge page under large blocks, of which one was freed and its memory given back, is one no more.
 * modes: HALLOC_HARDENED=0 */
#include "asked.h"

#include <malloc.h>

enum { BLOCKS = 128 };

static char *blocks[BLOCKS];

int main(void)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(MIB);
		REQUIRE(blocks[i]);
		memset(blocks[i], 1, MIB);
	}
	size_t full = asked_for();
	printf("huge pages for %zu MiB of %d\n", full / MIB, BLOCKS);
	REQUIRE(full >= (has_huge_pages() ? BLOCKS / 2 * (size_t)MIB : 0));
	for (unsigned i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_trim(0);
	printf("%zu MiB when half of the blocks is left\n", asked_for() / MIB);
	REQUIRE(asked_for() <= full / 8);
	return 0;
}
