/* An aligned block that realloc left in its place is freed by free_aligned_sized.
 * expect: mismatched free_aligned_sized of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"

void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main(void)
{
	char *aligned = aligned_alloc(32, 31);
	char *block = realloc(aligned, 30);

	if (free_aligned_sized == NULL)
		return 1;
	crime(block);
	free_aligned_sized(block, 32, 30);
	return 0;
}
