/* The names that this libc may not have: free_sized, free_aligned_sized, cfree. */
#include "test.h"
#include <malloc.h>

extern void free_sized(void *block, size_t size);
extern void free_aligned_sized(void *block, size_t alignment, size_t size);
extern void cfree(void *block);

int main(void)
{
	size_t before;

	errno = 3;
	free_sized(NULL, 10);
	free_aligned_sized(NULL, 64, 10);
	cfree(NULL);
	free_sized(malloc(0), 0);
	before = mallinfo2().uordblks;
	for (size_t size = 1; size < 3000000; size = size * 3 / 2 + 1) {
		free_sized(malloc(size), size);
		free_sized(calloc(1, size), size);
		free_sized(realloc(malloc(1), size), size);
		free_aligned_sized(aligned_alloc(64, size), 64, size);
		free_aligned_sized(aligned_alloc(4096, size), 4096, size);
		cfree(malloc(size));
	}
	REQUIRE(errno == 3);
	REQUIRE(mallinfo2().uordblks == before);
	return 0;
}
