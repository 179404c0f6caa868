/* expect: malloc_usable_size after free */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = malloc(10 << 20);

	free(block);

	crime(block);
	malloc_usable_size(block);
	return 0;
}
