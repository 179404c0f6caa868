/* What strcat adds fits by itself, but not behind what is there.
 * expect: bytes, by strcat:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	strcat(strcpy(block, "some words"), "and some more of them, and more");
	return 0;
}
