/* An address within a block is freed with a size.
 * expect: invalid free_sized */
#include "test.h"

void free_sized(void *, size_t) __attribute__((weak));

int main(void)
{
	char *block = malloc(100);

	if (free_sized == NULL)
		return 1;
	block += 16;
	crime(block);
	free_sized(block, 84);
	return 0;
}
