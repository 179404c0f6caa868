/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(48);

	free(block);
	crime(block);
	free(block);
	return 0;
}
