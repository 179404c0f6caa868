/* memmove to the last page of a large block goes beyond its end.
 * expect: overflow of
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100000);
	char *from = calloc(1, 300000);

	crime(block);
	memmove(block + 131000, from, 100);
	return 0;
}
