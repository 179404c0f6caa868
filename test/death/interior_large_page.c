/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + (64 << 10));
	free(block + (64 << 10));
	return 0;
}
