/* realloc keeps the contents up to the smaller size, in chains up, down and at random. */
#include "test.h"

static int spoiled;

static char *resize(char *block, size_t from, size_t to, unsigned owner)
{
	block = realloc(block, to);
	REQUIRE(block);
	REQUIRE((uintptr_t)block % 16 == 0);
	spoiled += !filled(block, from < to ? from : to, owner);
	fill(block, to, owner);
	return block;
}

int main(void)
{
	uint32_t random = 2463534242;
	size_t size = 0, next;
	char *block = NULL, *others[64] = {NULL};
	size_t sizes[64] = {0};

	for (next = 1; next < 30000; size = next, next += next / 40 + 1)
		block = resize(block, size, next, 1);
	for (; next < 20000000; size = next, next += next / 3)
		block = resize(block, size, next, 1);
	printf("up to 20 MB: %d spoiled\n", spoiled);
	for (next = size; next > 1; size = next, next -= next / 3 + 1)
		block = resize(block, size, next, 1);
	printf("and down: %d spoiled\n", spoiled);
	free(block);
	for (int i = 0; i < 20000; i++) {
		unsigned slot = next_random(&random) % 64;

		next = next_random(&random) % (1u << (4 + next_random(&random) % 16)) + 1;
		others[slot] = resize(others[slot], sizes[slot], next, slot);
		sizes[slot] = next;
	}
	printf("at random among 64: %d spoiled\n", spoiled);
	for (unsigned slot = 0; slot < 64; slot++) {
		spoiled += !filled(others[slot], sizes[slot], slot);
		free(others[slot]);
	}
	printf("at the end: %d spoiled\n", spoiled);
	return 0;
}
