/* expect: invalid free */
#include "test.h"

int main(void)
{
	int *block = calloc(100, sizeof(int));

	crime(block + 50);
	free(block + 50);
	return 0;
}
