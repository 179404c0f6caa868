/* Where the system has no memory left to note down what is cut off, a large block that is to become smaller stays or
 * moves; what calloc then hands out is zero.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <sys/resource.h>

#define MIB ((size_t)1 << 20)

static char *filled_block(size_t size)
{
	char *block = malloc(size);

	REQUIRE(block != NULL);
	memset(block, 0x5a, size);
	return block;
}

int main(void)
{
	/* large blocks have moved before there is a limit, which the library looks at once */
	char *before = filled_block(900000), *moved = filled_block(2 * MIB);
	char *behind = filled_block(2 * MIB);
	moved = realloc(moved, 20 * MIB);
	REQUIRE(moved != NULL);
	char *room = malloc(400 * MIB), *first = filled_block(40000);
	char *shrinks = filled_block(6 * MIB), *second = filled_block(40000);
	char *place = filled_block(3 * MIB), *third = filled_block(40000);

	free(room);
	size_t bytes = mapped_bytes();
	struct rlimit limit = {bytes, bytes};
	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	while (malloc(40000) != NULL)
		; /* until there is no record for one more */
	free(place);
	shrinks = realloc(shrinks, 3 * MIB);
	REQUIRE(shrinks != NULL);
	for (size_t i = 0; i < 3 * MIB; i++)
		REQUIRE(shrinks[i] == 0x5a);
	char *zeroed = calloc(1, 6 * MIB);
	for (size_t i = 0; zeroed != NULL && i < 6 * MIB; i++)
		REQUIRE(zeroed[i] == 0);
	free(zeroed);
	free(shrinks);
	free(first);
	free(second);
	free(third);
	free(behind);
	free(moved);
	free(before);
	return 0;
}
