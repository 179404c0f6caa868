/* memset begins before a large block.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);
	char *from = calloc(1, 300000);

	crime(block);
	memset(block - 1, 0, 10);
	return 0;
}
