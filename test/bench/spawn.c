/* spawn - threads come and go, four at a time; each allocates a little, and leaves some of it to be
 * freed by those after it. */
#include "bench.h"

enum { waves = 3000, together = 4, blocks_each = 100, kept = 10 };

static char *left[together][kept];

static void *visit(void *number)
{
	uintptr_t who = (uintptr_t)number;
	char *blocks[blocks_each];
	uint32_t seed = (uint32_t)who + 9;

	for (unsigned i = 0; i < blocks_each; i++)
		blocks[i] = allocate(random_size(&seed));
	for (unsigned i = 0; i < blocks_each; i++) {
		if (i < kept) {
			char *older = left[who - 1][i];
			left[who - 1][i] = blocks[i];
			blocks[i] = older;
		}
		free(blocks[i]);
	}
	return NULL;
}

int main(void)
{
	for (unsigned i = 0; i < waves; i++)
		run_threads(together, visit);
	return 0;
}
