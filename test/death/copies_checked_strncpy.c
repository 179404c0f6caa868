/* As _FORTIFY_SOURCE calls strncpy where it takes the block for larger.
 * expect: bytes, by strncpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

char *__strncpy_chk(char *, const char *, size_t, size_t);

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	__strncpy_chk(block, from, 40, 300);
	return 0;
}
