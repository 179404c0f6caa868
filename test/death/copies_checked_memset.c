/* As _FORTIFY_SOURCE calls memset where it takes the block for larger.
 * expect: bytes, by memset:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

void *__memset_chk(void *, int, size_t, size_t);

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	__memset_chk(block, 0, 200, 300);
	return 0;
}
