/* An address within a sampled block is freed.
 * expect: invalid free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block + 16);
	free(block + 16);
	return 0;
}
