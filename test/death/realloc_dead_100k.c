/* expect: realloc after free */
#include "test.h"

int main(void)
{
	char *block = malloc(100 << 10);

	free(block);

	crime(block);
	realloc(block, 100);
	return 0;
}
