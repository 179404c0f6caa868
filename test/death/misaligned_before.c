/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block - 8);
	free(block - 8);
	return 0;
}
