/* A large block is freed twice, others in between.
 * expect: double free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(300000);

	free(block);
	for (int i = 0; i < 20; i++)
		free(malloc(300000));
	crime(block);
	free(block);
	return 0;
}
