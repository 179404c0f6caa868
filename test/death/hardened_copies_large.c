/* memcpy writes a byte behind a large block.
 * expect: 100000 bytes, by memcpy: 100001 bytes
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);
	char *from = calloc(1, 300000);

	crime(block);
	memcpy(block, from, 100001);
	return 0;
}
