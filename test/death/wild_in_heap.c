/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)((uintptr_t)malloc(48) & ~0xfffful) + (64 << 20);

	crime(block);
	free(block);
	return 0;
}
