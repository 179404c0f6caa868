/* strcpy copies a text that is longer than the block.
 * expect: bytes, by strcpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	strcpy(block, from);
	return 0;
}
