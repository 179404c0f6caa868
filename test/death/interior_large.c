/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + 5008);
	free(block + 5008);
	return 0;
}
