/* A freed block is written to, far into it, and the program ends.
 * expect: write after free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(2000);

	free(block);
	crime(block);
	block[1999] = 1;
	return 0;
}
