/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(200 << 20);

	crime(block + (100 << 20));
	free(block + (100 << 20));
	return 0;
}
