/* A sampled block is resized after its free.
 * expect: realloc after free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block);
	free(block);
	block = realloc(block, 200);
	return 0;
}
