/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + 1);
	free(block + 1);
	return 0;
}
