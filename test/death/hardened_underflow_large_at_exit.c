/* A byte is written before a large block that is never freed.
 * expect: underflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100001);

	crime(block);
	block[-1000] ^= 1;
	return 0;
}
