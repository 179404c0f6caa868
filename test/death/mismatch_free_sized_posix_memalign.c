/* What posix_memalign made, though no more aligned than any block, is freed by free_sized.
 * expect: mismatched free_sized of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	void *block = NULL;
	posix_memalign(&block, 8, 100);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 100);
	return 0;
}
