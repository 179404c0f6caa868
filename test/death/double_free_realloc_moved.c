/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = malloc(100), *moved = realloc(block, 200000);

	REQUIRE(moved != block);
	crime(block);
	free(block);
	return 0;
}
