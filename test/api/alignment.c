/* Every block is aligned to 16, however small or large, whoever hands it out. */
#include "test.h"

static unsigned worst(void *(*make)(size_t), size_t from, size_t to, size_t step)
{
	unsigned bits = 0;

	for (size_t size = from; size <= to; size += step) {
		void *block = make(size);
		REQUIRE(block);
		bits |= (unsigned)(uintptr_t)block & 15;
		free(block);
	}
	return bits;
}

static void *by_malloc(size_t size)
{
	return malloc(size);
}

static void *by_calloc(size_t size)
{
	return calloc(1, size);
}

static void *by_realloc(size_t size)
{
	return realloc(malloc(1), size);
}

static void *by_growing(size_t size)
{
	return realloc(realloc(NULL, size / 2 + 1), size);
}

int main(void)
{
	void *(*makers[])(size_t) = {by_malloc, by_calloc, by_realloc, by_growing};
	void *live[200];

	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
		printf("maker %zu: small %u, medium %u, large %u\n", i,
		       worst(makers[i], 1, 2100, 1), worst(makers[i], 2100, 140000, 997),
		       worst(makers[i], 140000, 20000000, 1999993));
	}
	for (size_t i = 0; i < 200; i++) {
		live[i] = malloc(i % 25);
		if ((uintptr_t)live[i] % 16)
			printf("the %zu-th live block is not aligned\n", i);
	}
	for (size_t i = 0; i < 200; i++)
		free(live[i]);
	return 0;
}
