/* malloc_usable_size: 0 for NULL; else all of it may be written, and it never changes. */
#include "test.h"
#include <malloc.h>

enum { LIVE = 3000 };

static void *blocks[LIVE];
static size_t usable[LIVE];

static void *make(int i)
{
	size_t size = i < 2000 ? (size_t)i : (size_t)(i - 1999) * 211;

	switch (i % 4) {
	case 0:
		return malloc(size);
	case 1:
		return calloc(1, size);
	case 2:
		return realloc(malloc(size / 2 + 1), size ? size : 1);
	default:
		return memalign(64, size);
	}
}

int main(void)
{
	int short_of = 0, spoiled = 0, changed = 0;

	SAY(malloc_usable_size(NULL) == 0);
	for (int i = 0; i < LIVE; i++) {
		blocks[i] = make(i);
		usable[i] = malloc_usable_size(blocks[i]);
		short_of += usable[i] < (i < 2000 ? (size_t)i : (size_t)(i - 1999) * 211);
		fill(blocks[i], usable[i], (unsigned)i);
	}
	for (int i = 0; i < LIVE; i++) {
		spoiled += !filled(blocks[i], usable[i], (unsigned)i);
		changed += malloc_usable_size(blocks[i]) != usable[i];
	}
	for (int i = 0; i < LIVE; i += 2)
		free(blocks[i]);
	for (int i = 1; i < LIVE; i += 2) {
		spoiled += !filled(blocks[i], usable[i], (unsigned)i);
		changed += malloc_usable_size(blocks[i]) != usable[i];
		free(blocks[i]);
	}
	printf("short %d, spoiled %d, changed %d\n", short_of, spoiled, changed);
	blocks[0] = malloc(30000000);
	usable[0] = malloc_usable_size(blocks[0]);
	SAY(usable[0] >= 30000000);
	memset(blocks[0], 1, usable[0]);
	SAY(malloc_usable_size(blocks[0]) == usable[0]);
	free(blocks[0]);
	return 0;
}
