/* A block is freed twice, with its size.
 * expect: free_sized after free */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(100);

	if (free_sized == NULL)
		return 1;
	free(block);
	crime(block);
	free_sized(block, 100);
	return 0;
}
