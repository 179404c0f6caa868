/* expect: double free */
#include "test.h"
#include <malloc.h>

int main(void)
{
	void *block = memalign(4096, 100);

	free(block);
	crime(block);
	free(block);
	return 0;
}
