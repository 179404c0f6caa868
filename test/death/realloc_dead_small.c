/* expect: realloc after free */
#include "test.h"

int main(void)
{
	char *block = malloc(48);

	free(block);

	crime(block);
	realloc(block, 100);
	return 0;
}
