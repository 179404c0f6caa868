/* The same of the slot behind the block.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(200);

	/* Not the last of its slab. */
	while ((uintptr_t)block % 65536 + 2 * 208 > 65536)
		block = malloc(200);
	free(block);
	crime(block + 208);
	block[208] = 1;
	return 0;
}
