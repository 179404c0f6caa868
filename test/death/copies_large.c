/* memcpy writes beyond a large block.
 * expect: overflow of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);
	char *from = calloc(1, 300000);

	crime(block);
	memcpy(block, from, 131073);
	return 0;
}
