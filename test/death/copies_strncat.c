/* The zero that strncat adds is one byte too many.
 * expect: bytes, by strncat:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	strncat(strcpy(block, "0123456789"), from, 22);
	return 0;
}
