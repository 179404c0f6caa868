/* expect: double free */
#include "test.h"

int main(void)
{
	void *blocks[100], *dead, *again = NULL;

	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(48);
	dead = blocks[50];
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	for (int i = 0; i < 99; i++) { /* all live again but the dead one */
		blocks[i] = malloc(48);
		if (blocks[i] == dead) {
			again = dead;
			blocks[i] = malloc(48);
		}
	}
	free(again);
	free(blocks[0]);
	crime(dead);
	free(dead);
	return 0;
}
