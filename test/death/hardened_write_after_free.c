/* A freed block is written to; that is told when it is handed out again.
 * expect: write after free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(200);

	free(block);
	crime(block);
	block[77] = 1;
	for (int i = 0; i < 100000; i++)
		free(malloc(200));
	return 0;
}
