/* Blocks given while the heap was being built, by a malloc that came back in, are full citizens.
 * before: reentry */
#include "test.h"
#include <dlfcn.h>
#include <malloc.h>

int main(void)
{
	char **blocks = dlsym(RTLD_DEFAULT, "reentry_blocks");
	unsigned *count = dlsym(RTLD_DEFAULT, "reentry_count");
	size_t (*size)(unsigned) = (size_t(*)(unsigned))dlsym(RTLD_DEFAULT, "reentry_size");
	unsigned first = *count;

	fprintf(stderr, "%u blocks from within\n", first);
	REQUIRE(first > 0);
	for (unsigned i = 0; i < first; i++) {
		REQUIRE(malloc_usable_size(blocks[i]) >= size(i));
		REQUIRE(filled(blocks[i], size(i), i));
	}
	for (unsigned i = 0; i < first; i++) {
		size_t kept = size(i);
		if (i % 2) {
			blocks[i] = realloc(blocks[i], kept + 5000);
			REQUIRE(filled(blocks[i], kept, i));
			blocks[i] = realloc(blocks[i], kept / 2 + 1);
			REQUIRE(filled(blocks[i], kept / 2, i));
		}
		free(blocks[i]);
	}
	for (size_t large = 1; large < 100000000; large *= 2)
		free(malloc(large));
	return 0;
}
