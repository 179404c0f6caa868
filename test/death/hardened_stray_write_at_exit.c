/* The last byte of the slot before a block that was freed is written to, which nobody has ever had, and the program
 * ends.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(400);

	/* Not the first of its slab. */
	while ((uintptr_t)block % 65536 == 0)
		block = malloc(400);
	free(block);
	crime(block - 416);
	block[-1] = 1;
	return 0;
}
