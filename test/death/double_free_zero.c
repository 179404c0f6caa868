/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(0);

	free(block);
	crime(block);
	free(block);
	return 0;
}
