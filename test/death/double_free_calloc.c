/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = calloc(10, 10);

	free(block);
	crime(block);
	free(block);
	return 0;
}
