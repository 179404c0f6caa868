/* expect: free of */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + malloc_usable_size(block));
	free(block + malloc_usable_size(block));
	return 0;
}
