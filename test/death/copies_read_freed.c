/* memcpy reads a block that was freed.
 * expect: read after free of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	free(block);
	memcpy(from, block, 10);
	return 0;
}
