/* memcpy to the middle of a block goes beyond its end.
 * expect: bytes, by memcpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memcpy(block + 60, from, 60);
	return 0;
}
