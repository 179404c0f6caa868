/* memcpy writes two bytes behind the slot of a block.
 * expect: bytes, by memcpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memcpy(block, from, 114);
	return 0;
}
