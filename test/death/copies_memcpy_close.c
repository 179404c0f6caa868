/* Blocks of all sizes lie in the slots that fit them best, so that little more than a block is copied into one.
 * expect: overflow of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(300);
	static char from[400];

	crime(block);
	memcpy(block, from, 321);
	return 0;
}
