/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(48);

	crime(block + 8);
	free(block + 8);
	return 0;
}
