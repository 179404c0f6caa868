/* expect: invalid malloc_usable_size */
#include "test.h"
#include <malloc.h>

int main(void)
{
	void *block = (void *)0xffffffff81000000;

	crime(block);
	return malloc_usable_size(block) != 0;
}
