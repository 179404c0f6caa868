/* strncpy fills with zeros beyond the block.
 * expect: bytes, by strncpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(20);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	strncpy(block, "short", 40);
	return 0;
}
