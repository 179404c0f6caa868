/* As _FORTIFY_SOURCE calls memmove where it takes the block for larger.
 * expect: bytes, by memmove:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

void *__memmove_chk(void *, const void *, size_t, size_t);

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	__memmove_chk(block, from, 200, 300);
	return 0;
}
