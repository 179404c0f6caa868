/* A block that overflows is told when the neighbour before it is freed.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	enum { COUNT = 4096 };
	static char *blocks[COUNT];
	char *victim = NULL, *neighbour = NULL;

	for (int i = 0; i < COUNT; i++)
		blocks[i] = malloc(31);
	for (int i = 0; i < COUNT && victim == NULL; i++)
		for (int k = 0; k < COUNT; k++)
			if (blocks[k] == blocks[i] + 32) {
				victim = blocks[k];
				neighbour = blocks[i];
			}
	crime(victim);
	victim[31] = 1;
	free(neighbour);
	_exit(0);
}
