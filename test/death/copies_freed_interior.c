/* memset writes to the middle of a block that was freed.
 * expect: write after free of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	free(block);
	memset(block + 50, 0, 10);
	return 0;
}
