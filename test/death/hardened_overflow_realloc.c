/* A byte is written right behind a block; realloc tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(40);

	crime(block);
	block[40] = 'x';
	block = realloc(block, 4000);
	return 0;
}
