/* expect: double free */
#include "test.h"

int main(void)
{
	static void *blocks[50000];

	for (int i = 0; i < 50000; i++)
		blocks[i] = malloc(64);
	for (int i = 0; i < 50000; i++)
		free(blocks[i]);
	crime(blocks[1]);
	free(blocks[1]);
	return 0;
}
