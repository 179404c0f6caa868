/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(100);

	realloc(block, 0);
	crime(block);
	free(block);
	return 0;
}
