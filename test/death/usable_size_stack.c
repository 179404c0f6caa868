/* expect: invalid malloc_usable_size */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char block[64] __attribute__((aligned(16)));

	crime(block);
	malloc_usable_size(block);
	return 0;
}
