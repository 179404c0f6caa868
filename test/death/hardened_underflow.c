/* The last byte of the slot before a block is written to, which nobody has; the block's free tells.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(200);

	/* Not the first of its page, nor of its slab. */
	while ((uintptr_t)block % 4096 == 0)
		block = malloc(200);
	crime(block - 208);
	block[-1] = 1;
	free(block);
	_exit(0);
}
