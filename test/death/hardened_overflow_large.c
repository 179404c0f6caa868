/* A byte is written behind a large block, before its guard; free tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100001);

	crime(block);
	block[100001] = 2; /* each byte of the slack is odd */
	free(block);
	return 0;
}
