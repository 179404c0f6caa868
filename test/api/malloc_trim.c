/* malloc_trim: 1 when something was given back, else 0, but for glibc since 2.43, which may say 1; what lives stays as it
 * is. */
#include "test.h"
#include <malloc.h>

enum { LIVE = 20000 };

static char *blocks[LIVE];

int main(void)
{
	int first, second, third, spoiled = 0;
	size_t before, after;

	for (int i = 0; i < LIVE; i++) {
		blocks[i] = malloc(1000);
		fill(blocks[i], 1000, (unsigned)i);
	}
	before = resident_bytes();
	for (int i = 0; i < LIVE; i++)
		if (i % 1000)
			free(blocks[i]);
	first = malloc_trim(0);
	after = resident_bytes();
	for (int i = 0; i < LIVE; i += 1000) {
		spoiled += !filled(blocks[i], 1000, (unsigned)i);
		free(blocks[i]);
	}
	malloc_trim(0);
	second = malloc_trim(0);
	printf("trim: %d, spoiled %d\n", first, spoiled);
	SAY(second == 0 || (second == 1 && !is_under_halloc()));
	SAY(after + (16 << 20) < before);
	for (int i = 0; i < LIVE; i++) {
		blocks[i] = malloc(1000);
		fill(blocks[i], 1000, (unsigned)i);
	}
	for (int i = 0; i < LIVE; i++)
		spoiled += !filled(blocks[i], 1000, (unsigned)i);
	SAY(spoiled == 0);
	third = malloc_trim(1 << 20);
	SAY(third == 0 || third == 1);
	return 0;
}
