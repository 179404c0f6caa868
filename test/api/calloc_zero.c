/* calloc is zeroed, whatever lay there before, to the last usable byte asked for. */
#include "test.h"

enum { ROUNDS = 4, LIVE = 24 };

static bool zero(const unsigned char *block, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (block[i])
			return false;
	return true;
}

static int dirt(size_t size)
{
	unsigned char *blocks[LIVE];
	int dirty = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < LIVE; i++) {
			blocks[i] = round % 2 ? calloc(size, 1) : malloc(size);
			dirty += round % 2 && !zero(blocks[i], size);
			memset(blocks[i], 0xa5, size);
		}
		for (int i = 0; i < LIVE; i++)
			free(blocks[(i * 7) % LIVE]);
	}
	return dirty;
}

int main(void)
{
	unsigned char *block;

	for (size_t size = 1; size < 600000; size += size / 4 + 1)
		printf("calloc(1, %zu): %d dirty\n", size, dirt(size));
	/* a large block shrunk, grown and given back, then asked for as zeroes */
	for (size_t size = 200000; size < 20000000; size *= 3) {
		block = malloc(size);
		memset(block, 0x5a, size);
		block = realloc(block, size / 2);
		memset(block, 0x5a, size / 2);
		free(block);
		block = calloc(2, size / 2);
		printf("calloc(2, %zu): %s\n", size / 2,
		       zero(block, size / 2 * 2) ? "zero" : "dirty");
		memset(block, 0x5a, size / 2 * 2);
		free(block);
	}
	return 0;
}
