/* memcpy writes a byte behind a block; it is stopped before.
 * expect: 100 bytes, by memcpy: 101 bytes
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	memcpy(block, from, 101);
	return 0;
}
