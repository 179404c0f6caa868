/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	char *block = malloc(48);

	crime(block + 16);
	realloc(block + 16, 100);
	return 0;
}
