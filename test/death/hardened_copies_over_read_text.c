/* A text fills its block, without an end.
 * expect: over-read of
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memset(block, 1, 100);
	strcpy(from, block);
	return 0;
}
