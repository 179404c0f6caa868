/* Where the system does not let the tables of addresses be changed, a program runs unchecked.
 * before: sealed
 * run: HALLOC_GUARD_COPIES=1 HALLOC_ON_ERROR=report */
#include "test.h"

/* In the part that the loader seals. */
static void *(*const copies[])(void *, const void *, size_t) = {memmove, memcpy};

int main(void)
{
	volatile size_t bytes = 120, which = 1;
	char *block = malloc(100), from[120] = "";

	/* A crime that would be stopped if it were seen. */
	from[119] = 'x';
	REQUIRE(copies[which](block, from, bytes) == block);
	REQUIRE(((volatile char *)block)[119] == 'x');
	free(block);
	return 0;
}
