/* A block of no bytes is freed twice.
 * expect: double free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(0);

	free(block);
	crime(block);
	free(block);
	return 0;
}
