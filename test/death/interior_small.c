/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(48);

	crime(block + 16);
	free(block + 16);
	return 0;
}
