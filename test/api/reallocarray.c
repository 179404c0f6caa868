/* reallocarray: as realloc of the product, which it checks. */
#include "test.h"
#include <malloc.h>

int main(void)
{
	volatile size_t max = SIZE_MAX;
	int *block = reallocarray(NULL, 100, sizeof(int));

	SAY(malloc_usable_size(block) >= 100 * sizeof(int));
	fill(block, 400, 1);
	block = reallocarray(block, 100000, sizeof(int));
	SAY(filled(block, 400, 1));
	block = reallocarray(block, 100, sizeof(int));
	SAY(filled(block, 400, 1));
	errno = 0;
	SAY(reallocarray(block, max / 4 + 2, 4) == NULL);
	SAY(errno == ENOMEM);
	SAY(filled(block, 400, 1));
	errno = 0;
	SAY(reallocarray(block, 2, max / 2 + 1) == NULL);
	SAY(errno == ENOMEM);
	SAY(filled(block, 400, 1));
	free(block);
	return 0;
}
