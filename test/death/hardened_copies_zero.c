/* What malloc(0) gave holds nothing.
 * expect: 0 bytes, by memset: 1 bytes
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(0);

	crime(block);
	memset(block, 0, 1);
	return 0;
}
