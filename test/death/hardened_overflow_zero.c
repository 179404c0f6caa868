/* What is written behind a block are zeros, as the end of a string is, one byte too far.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(20);

	crime(block);
	memset(block, 0, 22);
	free(block);
	_exit(0);
}
