/* A byte is written right behind a large block that is never freed.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100001);

	crime(block);
	block[100001] = 2; /* each byte of the slack is odd */
	return 0;
}
