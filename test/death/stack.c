/* expect: invalid free */
#include "test.h"

int main(void)
{
	char block[64] __attribute__((aligned(16)));

	crime(block);
	free(block);
	return 0;
}
