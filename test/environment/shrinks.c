/* At the limit no block can be had, and yet every block can be made smaller: what it held is kept, errno stays as it is,
 * and the block may be freed by its new size.
 * run: HALLOC_LIMIT=64M */
#include "test.h"

void free_sized(void *ptr, size_t size) __attribute__((weak));

enum { BLOCKS_MAX = 40000, LIMIT_BYTES = 64 << 20 };

static unsigned char *blocks[BLOCKS_MAX];

static void check(size_t from, size_t to)
{
	unsigned count = 0;

	while (count * from <= LIMIT_BYTES && (blocks[count] = malloc(from)) != NULL)
		fill(blocks[count++], from, from + to);
	REQUIRE(count > 3);
	REQUIRE(getenv("LD_PRELOAD") == NULL || count * from < LIMIT_BYTES);
	for (unsigned i = 0; i < count; i++) {
		errno = ENOENT;
		blocks[i] = realloc(blocks[i], to);
		REQUIRE(blocks[i] != NULL);
		REQUIRE(errno == ENOENT);
		REQUIRE(filled(blocks[i], to, from + to));
	}
	for (unsigned i = 0; i < count; i++)
		if (free_sized != NULL)
			free_sized(blocks[i], to);
		else
			free(blocks[i]);
	void *fresh = malloc(from); /* what was freed serves again */
	REQUIRE(fresh != NULL);
	free(fresh);
}

int main(void)
{
	static const size_t sizes[] = {8 << 20, 1 << 20, 300000, 65536, 40000, 30000, 5000, 2100};

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t to = sizes[i] - 1; to != 0; to /= 7)
			check(sizes[i], to);
	return 0;
}
