/* expect: double free */
#include "test.h"

static void *block;

static void free_it(void)
{
	crime(block);
	free(block);
}

int main(void)
{
	block = malloc(48);
	atexit(free_it);
	free(block);
	return 0;
}
