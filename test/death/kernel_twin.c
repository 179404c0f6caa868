/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)((uintptr_t)malloc(48) | 0xffff000000000000);

	crime(block);
	free(block);
	return 0;
}
