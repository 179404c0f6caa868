/* expect: double free */
#include "test.h"
#include <malloc.h>

int main(void)
{
	void *block = memalign(1 << 20, 3 << 20);

	free(block);
	crime(block);
	free(block);
	return 0;
}
