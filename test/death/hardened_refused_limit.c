/* A large block that was freed is read, after a request beyond the limit: that has not emptied the quarantine.
 * expect: use after free of
 * run: HALLOC_HARDENED=1 HALLOC_LIMIT=64M */
#include "test.h"

int main(void)
{
	volatile char *block = malloc(300000);
	volatile size_t too_much = (size_t)65 << 20;

	free((void *)block);
	if (malloc(too_much) != NULL)
		return 0;
	crime(block);
	return block[1000];
}
