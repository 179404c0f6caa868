/* The same of the slot behind the block.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(400);

	/* Not the last of its slab. */
	while ((uintptr_t)block % 65536 + 2 * 416 > 65536)
		block = malloc(400);
	free(block);
	crime(block + 416);
	block[416] = 1;
	return 0;
}
