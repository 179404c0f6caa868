/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)1;

	crime(block);
	free(block);
	return 0;
}
