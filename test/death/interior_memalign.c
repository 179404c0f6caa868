/* expect: invalid free */
#include "test.h"
#include <malloc.h>

int main(void)
{
	char *block = memalign(4096, 10000);

	crime(block + 4096);
	free(block + 4096);
	return 0;
}
