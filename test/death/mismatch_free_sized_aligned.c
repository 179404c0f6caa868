/* What aligned_alloc made is freed by free_sized.
 * expect: mismatched free_sized of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = aligned_alloc(64, 128);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 128);
	return 0;
}
