/* An aligned block is freed twice, with its size and its alignment.
 * expect: free_aligned_sized after free */
#include "test.h"

void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main(void)
{
	char *block = aligned_alloc(256, 512);

	if (free_aligned_sized == NULL)
		return 1;
	free_aligned_sized(block, 256, 512);
	crime(block);
	free_aligned_sized(block, 256, 512);
	return 0;
}
