/* bcopy writes beyond a block.
 * expect: bytes, by bcopy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"
#include <strings.h>

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	bcopy(from, block, 200);
	return 0;
}
