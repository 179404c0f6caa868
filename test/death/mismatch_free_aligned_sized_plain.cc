/* What malloc made in a program of C++ is freed by free_aligned_sized.
 * expect: mismatched free_aligned_sized of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"

extern "C" void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main()
{
	void *block = malloc(100);

	if (free_aligned_sized == NULL)
		return 1;
	crime(block);
	free_aligned_sized(block, 16, 100);
	delete new int;
	return 0;
}
