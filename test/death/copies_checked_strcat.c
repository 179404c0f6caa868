/* As _FORTIFY_SOURCE calls strcat where it takes the block for larger.
 * expect: bytes, by strcat:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

char *__strcat_chk(char *, const char *, size_t);

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	__strcat_chk(strcpy(block, "some"), from, 300);
	return 0;
}
