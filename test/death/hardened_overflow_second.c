/* A small block writes over its neighbour, which is as it was then, into the next: its own free tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	enum { COUNT = 4096 };
	static char *blocks[COUNT];
	char *writer = NULL, *victim = NULL;

	for (int i = 0; i < COUNT; i++)
		blocks[i] = malloc(10);
	for (int i = 0; i < COUNT && writer == NULL; i++)
		for (int k = 0; k < COUNT; k++)
			if (blocks[k] == blocks[i] + 32) {
				writer = blocks[i];
				victim = blocks[k];
			}
	crime(victim);
	victim[12] ^= 1;
	free(writer);
	_exit(0);
}
