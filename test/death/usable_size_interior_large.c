/* expect: invalid malloc_usable_size */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + 4096);
	malloc_usable_size(block + 4096);
	return 0;
}
