/* expect: invalid malloc_usable_size */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = malloc(48);

	crime(block + 16);
	malloc_usable_size(block + 16);
	return 0;
}
