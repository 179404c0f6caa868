/* A block is freed as if no bytes had been asked for.
 * expect: free_sized of */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(1000);

	if (free_sized == NULL)
		return 1;
	crime(block);
	free_sized(block, 0);
	return 0;
}
