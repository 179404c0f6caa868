/* A byte is written right before a large block, behind its guard; free tells.
 * expect: underflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100001);

	crime(block);
	block[-1] ^= 1;
	free(block);
	return 0;
}
