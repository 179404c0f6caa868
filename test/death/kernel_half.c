/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)0xffff800000001000;

	crime(block);
	free(block);
	return 0;
}
