/* A block is freed twice, with thousands of others in between.
 * expect: double free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(64);

	free(block);
	for (int i = 0; i < 100; i++)
		free(malloc(64));
	crime(block);
	free(block);
	return 0;
}
