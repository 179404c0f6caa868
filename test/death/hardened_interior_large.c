/* A large block is freed from its second page.
 * expect: invalid free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(300000);

	crime(block + 4096);
	free(block + 4096);
	return 0;
}
