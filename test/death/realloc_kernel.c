/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	char *block = (char *)0xffff800000001000;

	crime(block);
	realloc(block, 100);
	return 0;
}
