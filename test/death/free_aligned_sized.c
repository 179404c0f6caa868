/* A block is freed with an alignment that it does not have.
 * expect: free_aligned_sized of */
#include "test.h"

void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(1000);

	if (free_aligned_sized == NULL)
		return 1;
	crime(block);
	free_aligned_sized(block + 0, 3, 1000);
	return 0;
}
