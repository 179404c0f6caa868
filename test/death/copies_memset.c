/* memset clears more than a block.
 * expect: bytes, by memset:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memset(block, 0, 200);
	return 0;
}
