/* memcpy reads beyond a block.
 * expect: over-read of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memcpy(from, block + 50, 100);
	return 0;
}
