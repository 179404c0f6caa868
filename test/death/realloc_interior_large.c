/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	char *block = malloc(1 << 20);

	crime(block + 4096);
	realloc(block + 4096, 2 << 20);
	return 0;
}
