/* A large block that was freed is read, after a request that no heap could serve: that has not emptied the quarantine.
 * expect: use after free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	volatile char *block = malloc(300000);
	volatile size_t far_too_much = (size_t)1 << 60;

	free((void *)block);
	if (malloc(far_too_much) != NULL)
		return 0;
	crime(block);
	return block[1000];
}
