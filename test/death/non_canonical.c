/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)((uintptr_t)malloc(48) | 1ul << 60);

	crime(block);
	free(block);
	return 0;
}
