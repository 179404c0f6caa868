/* A block is freed with one byte less than it has.
 * expect: free_sized of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(1000);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 999);
	return 0;
}
