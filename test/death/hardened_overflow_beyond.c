/* A write goes two slots too far, where nothing is; the free of the block tells.
 * expect: stray write of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(8);

	/* Not the last of its OS page: fresh ones in the next are not looked at. */
	while ((uintptr_t)block % 4096 > 4000)
		block = malloc(8);
	crime(block + 32);
	block[39] = 2; /* each byte of the slack is odd */
	free(block);
	_exit(0);
}
