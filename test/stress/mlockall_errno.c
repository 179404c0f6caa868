/* Where memory is locked, and so none goes back, calls that succeed leave errno as it was. */
#include "test.h"
#include <sys/mman.h>

enum { TURNS = 10 };

int main(void)
{
	const size_t sizes[] = {36 << 10, 300 << 10, 1 << 20, 8 << 20, 20 << 20};

	if (mlockall(MCL_CURRENT | MCL_FUTURE)) /* needs a right that not everyone has */
		return 77;
	for (size_t i = 0; i < TURNS * sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i / TURNS];
		errno = 0;
		char *block = malloc(size);
		REQUIRE(block != NULL && errno == 0);
		block[size / 2] = 1;
		free(block);
		block = calloc(1, size);
		REQUIRE(block != NULL && errno == 0);
		REQUIRE(block[size / 2] == 0);
		block = realloc(block, 2 * size);
		REQUIRE(block != NULL && errno == 0);
		block = realloc(block, size / 4);
		REQUIRE(block != NULL && errno == 0);
		free(block);
		REQUIRE(errno == 0);
	}
	return 0;
}
