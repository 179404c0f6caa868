/* A large block's address with a bit more.
 * expect: invalid realloc */
#include "test.h"

int main(void)
{
	char *block = (char *)malloc(300000) + ((uintptr_t)1 << 48);

	crime(block);
	return realloc(block, 10) != NULL;
}
