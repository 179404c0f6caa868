/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	char block[64] __attribute__((aligned(16)));

	crime(block);
	realloc(block, 100);
	return 0;
}
