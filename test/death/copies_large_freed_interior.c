/* memset writes far into a large block that was freed, next to one in use.
 * expect: write after free of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);
	char *from = calloc(1, 300000);

	crime(block);
	free(block);
	memset(block + 99000, 0, 10);
	return 0;
}
