/* The start of the pages of a sampled block, which are a cell of the core, is freed.
 * expect: invalid free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	char *cell = (char *)((uintptr_t)block & -(uintptr_t)65536);

	crime(cell);
	free(cell);
	return 0;
}
