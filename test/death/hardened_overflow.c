/* A byte is written right behind a block; free tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block);
	block[100] = 1;
	free(block);
	return 0;
}
