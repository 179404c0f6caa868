/* A block is copied onto another of the same size, and too far: what lies behind one is not what lies behind
 * the other.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	enum { SIZE = 1000 };
	char *from = malloc(SIZE), *to = malloc(SIZE);

	crime(to);
	for (int i = 0; i < SIZE + 8; i++)
		to[i] = *(volatile char *)(from + i);
	free(to);
	return 0;
}
