/* A large block that aligned_alloc made is freed by free_sized.
 * expect: mismatched free_sized of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = aligned_alloc(4096, 204800);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 204800);
	return 0;
}
