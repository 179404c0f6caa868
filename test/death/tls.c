/* expect: invalid free */
#include "test.h"

int main(void)
{
	static _Thread_local char block[64] __attribute__((aligned(16)));

	crime(block);
	free(block);
	return 0;
}
