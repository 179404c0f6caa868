/* A sampled block is freed twice.
 * expect: double free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block);
	free(block);
	free(block);
	return 0;
}
