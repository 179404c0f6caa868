/* expect: invalid free */
#include "test.h"

int main(void)
{
	void *block = (void *)main;

	crime(block);
	free(block);
	return 0;
}
