/* A sampled block is read after its free.
 * expect: use after free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	volatile char *block = malloc(100);

	crime(block);
	free((void *)block);
	return block[99];
	return 0;
}
