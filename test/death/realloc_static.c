/* expect: invalid realloc */
#include "test.h"

int main(void)
{
	static char block[64] __attribute__((aligned(16)));

	crime(block);
	realloc(block, 10);
	return 0;
}
