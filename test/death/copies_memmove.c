/* memmove writes beyond a block, by more than the block.
 * expect: bytes, by memmove:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memmove(block, from, 300);
	return 0;
}
