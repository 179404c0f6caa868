/* expect: double free */
#include "test.h"

int main(void)
{
	void *blocks[20];

	for (int i = 0; i < 20; i++)
		blocks[i] = malloc(64);
	for (int i = 0; i < 20; i++)
		free(blocks[i]);
	crime(blocks[10]);
	free(blocks[10]);
	return 0;
}
