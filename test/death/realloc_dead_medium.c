/* expect: realloc after free */
#include "test.h"

int main(void)
{
	char *block = malloc(5000);

	free(block);

	crime(block);
	realloc(block, 100);
	return 0;
}
