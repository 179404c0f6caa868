/* A byte is written behind a large block that has grown; the realloc that lets it grow where it is tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);

	block = realloc(block, 100010); /* moves, to where it has room */
	crime(block);
	block[100010] = 'x';
	block = realloc(block, 100020);
	return 0;
}
