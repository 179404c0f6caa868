/* early - allocates in a constructor that runs before the library's. */
#include "early.h"
#include "test.h"
#include <malloc.h>

char *early_blocks[EARLY];
int early_constructor_ran;

size_t early_size(unsigned i)
{
	return i % 10 == 9 ? i * 10000 : i * 7;
}

__attribute__((constructor)) static void allocate(void)
{
	for (unsigned i = 0; i < EARLY; i++) {
		size_t size = early_size(i);

		switch (i % 4) {
		case 0:
			early_blocks[i] = calloc(1, size);
			break;
		case 1:
			early_blocks[i] = memalign(64, size);
			break;
		case 2:
			early_blocks[i] = realloc(malloc(size / 2 + 1), size ? size : 1);
			break;
		default:
			early_blocks[i] = malloc(size);
		}
		REQUIRE(early_blocks[i]);
		fill(early_blocks[i], size, i);
	}
	free(malloc(100));
	free(NULL);
	early_constructor_ran = 1;
}
