/* Sizes that are too big, or overflow: NULL and ENOMEM, and realloc leaves the old block alone. */
#include "test.h"
#include <malloc.h>

static void show(const char *call, void *answer)
{
	printf("%s: %s, errno %s\n", call, answer ? "a block" : "NULL", errno_name(errno));
	free(answer);
	errno = 0;
}

#define SHOW(call) show(#call, call)

int main(void)
{
	volatile size_t max = SIZE_MAX, half = PTRDIFF_MAX;
	size_t beyond[] = {max,
	                   max - 1,
	                   max - 15,
	                   max - 16,
	                   max - 4095,
	                   max - 65536,
	                   half + 1,
	                   half,
	                   half - 15,
	                   half - 65536,
	                   (size_t)1 << 62,
	                   (size_t)1 << 56,
	                   (size_t)1 << 47};
	char *old = malloc(100), *large = malloc(1000000);

	fill(old, 100, 1);
	fill(large, 1000000, 2);
	errno = 0;
	for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		size_t size = beyond[i];
		printf("size %zu\n", size);
		SHOW(malloc(size));
		SHOW(calloc(size, 1));
		SHOW(calloc(1, size));
		SHOW(realloc(NULL, size));
		SHOW(realloc(old, size));
		SHOW(realloc(large, size));
		SHOW(reallocarray(NULL, size, 1));
		SHOW(reallocarray(old, 1, size));
		SHOW(memalign(64, size));
		SHOW(memalign(4096, size));
		SHOW(aligned_alloc(64, size));
		SHOW(aligned_alloc(1 << 20, size));
		SHOW(valloc(size));
		SHOW(pvalloc(size));
	}
	puts("products");
	SHOW(calloc(max, 2));
	SHOW(calloc(2, max));
	SHOW(calloc(max, max));
	SHOW(calloc((size_t)1 << 32, (size_t)1 << 32));
	SHOW(calloc(((size_t)1 << 32) + 1, (size_t)1 << 32));
	SHOW(calloc(half, 2));
	SHOW(calloc(half / 3, 4));
	SHOW(reallocarray(NULL, max, 2));
	SHOW(reallocarray(old, (size_t)1 << 32, (size_t)1 << 32));
	SHOW(reallocarray(old, max / 2 + 1, 2));
	SHOW(reallocarray(large, half, 3));
	SAY(filled(old, 100, 1));
	SAY(filled(large, 1000000, 2));
	free(old);
	free(large);
	return 0;
}
