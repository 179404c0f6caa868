/* A byte is written right behind a block, which is then made larger where it is.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(40);

	crime(block);
	block[40] = 'x';
	block = realloc(block, 42);
	_exit(block == NULL);
}
