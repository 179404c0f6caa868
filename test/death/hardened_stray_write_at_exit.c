/* The last byte of the slot before a block that was freed is written to, which nobody has ever had, and the program
 * ends.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(200);

	/* Not the first of its slab. */
	while ((uintptr_t)block % 65536 == 0)
		block = malloc(200);
	free(block);
	crime(block - 208);
	block[-1] = 1;
	return 0;
}
