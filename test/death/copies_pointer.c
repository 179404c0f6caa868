/* memset, called through a pointer that the program keeps, clears too much.
 * expect: bytes, by memset:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

static void *(*clear)(void *, int, size_t) = memset;

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	clear(block, 0, 200);
	return 0;
}
