/* expect: double free */
#include "test.h"
#include <malloc.h>

int main(void)
{
	static void *blocks[50000];

	for (int i = 0; i < 50000; i++)
		blocks[i] = malloc(64);
	for (int i = 0; i < 50000; i++)
		free(blocks[i]);
	malloc_trim(0);
	crime(blocks[25000]);
	free(blocks[25000]);
	return 0;
}
