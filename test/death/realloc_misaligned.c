/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	char *block = malloc(48);

	crime(block + 4);
	realloc(block + 4, 10);
	return 0;
}
