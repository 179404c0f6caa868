/* memcpy writes to a block that was freed.
 * expect: write after free of
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	free(block);
	memcpy(block, from, 10);
	return 0;
}
