/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(5000);

	crime(block + 2048);
	free(block + 2048);
	return 0;
}
