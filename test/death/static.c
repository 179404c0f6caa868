/* expect: invalid free */
#include "test.h"

int main(void)
{
	static char block[64] __attribute__((aligned(64)));

	crime(block);
	free(block);
	return 0;
}
