/* As _FORTIFY_SOURCE calls strncat where it takes the block for larger.
 * expect: bytes, by strncat:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

char *__strncat_chk(char *, const char *, size_t, size_t);

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	__strncat_chk(strcpy(block, "some"), from, 30, 300);
	return 0;
}
