/* A program that brings its own malloc, with a heap of its own that stands from main on, as that of a Lisp: before, it
 * hands out blocks, but cannot take them back. The library leaves it what it asked it for to find out. */
#include "own_malloc.h"
#include "test.h"

static char early[64 << 10] __attribute__((aligned(16)));
static char arena[8 << 20] __attribute__((aligned(16)));
static size_t early_used, used;
static bool stands;

static char *take(char *from, size_t bytes, size_t *at, size_t size)
{
	size_t start = *at, whole = (size + 31) / 16 * 16;

	if (start + whole > bytes)
		return NULL;
	*at += whole;
	*(size_t *)(void *)(from + start) = size;
	return from + start + 16;
}

void *malloc(size_t size)
{
	return stands ? take(arena, sizeof arena, &used, size)
	              : take(early, sizeof early, &early_used, size);
}

void free(void *block)
{
	if (block == NULL)
		return;
	if (!stands)
		test_fail(__FILE__, __LINE__, "a free before the heap stands");
	if ((char *)block < arena || (char *)block >= arena + sizeof arena)
		test_fail(__FILE__, __LINE__, "a foreign block");
}

int main(void)
{
	stands = true;
	char *text = strdup("mine");

	REQUIRE(text >= arena && text < arena + sizeof arena);
	free(text);
	return 0;
}
