/* strcpy to the middle of a block writes its last zero behind the block.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char from[300] = "a text of forty letters, or thereabouts";

	crime(block);
	strcpy(block + 61, "a text of forty letters, or thereabouts");
	return 0;
}
