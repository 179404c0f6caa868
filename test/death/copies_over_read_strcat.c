/* What strcat is to add to has no end within its block.
 * expect: over-read of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memset(block, 1, 112);
	strcat(block, "x");
	return 0;
}
