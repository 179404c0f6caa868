/* mempcpy writes a byte behind the slot of a block.
 * expect: bytes, by mempcpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	mempcpy(block, from, 113);
	return 0;
}
