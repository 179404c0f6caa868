/* A live block's address with a bit more.
 * expect: invalid malloc_usable_size */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = (char *)malloc(100) + ((uintptr_t)1 << 60);

	crime(block);
	return malloc_usable_size(block) != 0;
}
