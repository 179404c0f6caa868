/* A sampled block is freed with a size that it never had.
 * expect: free_sized of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(100);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 99);
	return 0;
}
