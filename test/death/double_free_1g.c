/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(1 << 30);

	free(block);
	crime(block);
	free(block);
	return 0;
}
