/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(100 << 10);

	free(block);
	crime(block);
	free(block);
	return 0;
}
