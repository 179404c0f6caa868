/* Hardened mode, rule by rule: what is handed out and what is freed reads as zero, a string without an end
 * ends behind its block, freed memory is not handed out at once, and slots are dealt out by chance.
 * run: HALLOC_HARDENED=1 */
#include "test.h"
#include <malloc.h>

static const size_t sizes[] = {1,    7,    8,    15,   16,    23,    24,    31,
                               40,   100,  255,  256,  500,   1023,  1024,  2000,
                               4095, 4096, 5000, 9000, 16000, 20000, 32000, 32767};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void strings_end(size_t size)
{
	char *block = malloc(size);

	memset(block, 'a', size);
	REQUIRE(strlen(block) == size);
	if (size > 8) {
		block = realloc(block, size - 3);
		memset(block, 'b', size - 3);
		REQUIRE(strlen(block) == size - 3);
	}
	free(block);
}

static void freed_is_zero(size_t size)
{
	unsigned char *volatile block = malloc(size);

	for (size_t i = 0; i < size; i++)
		REQUIRE(block[i] == 0);
	memset(block, 0xaa, size);
	free(block);
	for (size_t i = 0; i < size; i++)
		REQUIRE(block[i] == 0);
}

/* What a block loses and gains again when it is resized in place is gone. */
static void shrunk_is_zero(void)
{
	unsigned char *block = malloc(100);

	memset(block, 0xaa, 100);
	block = realloc(block, 97);
	block = realloc(block, 100);
	for (size_t i = 0; i < 97; i++)
		REQUIRE(block[i] == 0xaa);
	for (size_t i = 97; i < 100; i++)
		REQUIRE(block[i] == 0);
	free(block);
}

static void not_at_once(size_t size)
{
	for (int i = 0; i < 1000; i++) {
		char *block = malloc(size);
		free(block);
		char *next[4];
		for (int k = 0; k < 4; k++) {
			next[k] = malloc(size);
			REQUIRE(next[k] != block);
		}
		for (int k = 0; k < 4; k++)
			free(next[k]);
	}
}

/* The addresses of the last 200 large blocks are held back. */
static void large_held_back(void)
{
	enum { BACK = 200, COUNT = 1000 };
	static char *last[COUNT];

	for (int i = 0; i < COUNT; i++) {
		last[i] = malloc(100000);
		for (int k = i < BACK ? 0 : i - BACK; k < i; k++)
			REQUIRE(last[k] != last[i]);
		free(last[i]);
	}
}

/* By address order, each block would follow the one before it. */
static void by_chance(size_t size, size_t room)
{
	enum { COUNT = 256 };
	int follow = 0;
	char *before = malloc(size);

	for (int i = 0; i < COUNT; i++) {
		char *block = malloc(size);
		follow += block == before + room;
		before = block;
	}
	printf("%d of %d blocks of %zu bytes follow the one before\n", follow, COUNT, size);
	REQUIRE(follow < COUNT / 3);
}

static void blocks_new(void **blocks, int count, size_t size)
{
	for (int i = 0; i < count; i++) {
		blocks[i] = malloc(size);
		REQUIRE(blocks[i] != NULL);
		memset(blocks[i], 1, size);
	}
}

static void blocks_free(void **blocks, int count)
{
	for (int i = 0; i < count; i++)
		free(blocks[i]);
}

static int by_address(const void *one, const void *other)
{
	uintptr_t a = *(const uintptr_t *)one, b = *(const uintptr_t *)other;

	return a < b ? -1 : a > b;
}

/* When memory is short, all that waits goes back, the one that was to come next, too. What is freed after that makes
 * a few slots ready, fewer than there were; then as many blocks are made as there are slots, and none is had twice.
 * Of larger slots only some wait before they are ready. */
static void given_back(size_t size)
{
	enum { FEW = 40, MORE = 200, ALL = 2 * FEW + MORE, ROUNDS = 200 };
	static void *blocks[ALL], *sorted[ALL];
	uint32_t seed = 1;

	for (int round = 0; round < ROUNDS; round++) {
		blocks_new(blocks, 2 * FEW, size);
		blocks_free(blocks, FEW);
		blocks_new(blocks, 1, size);
		REQUIRE(malloc((size_t)1 << 50) == NULL);
		int freed = 1 + (int)(next_random(&seed) % (FEW - 1));
		blocks_free(blocks + FEW, freed);
		blocks_new(blocks + 1, FEW - 1 + freed, size);
		blocks_new(blocks + 2 * FEW, MORE, size);
		memcpy(sorted, blocks, sizeof sorted);
		qsort(sorted, ALL, sizeof *sorted, by_address);
		for (int i = 1; i < ALL; i++)
			REQUIRE(sorted[i - 1] != sorted[i]);
		blocks_free(blocks, ALL);
	}
}

static void nothing_has_addresses(void)
{
	char *one = malloc(0), *other = malloc(0);

	REQUIRE(one != NULL);
	REQUIRE(other != NULL);
	REQUIRE(one != other);
	REQUIRE(malloc_usable_size(one) == 0);
	free(one);
	free(other);
}

int main(void)
{
	for (int i = 0; i < SIZES; i++) {
		strings_end(sizes[i]);
		freed_is_zero(sizes[i]);
		not_at_once(sizes[i]);
		char *block = malloc(sizes[i]);
		REQUIRE(malloc_usable_size(block) == sizes[i]);
		free(block);
	}
	shrunk_is_zero();
	large_held_back();
	by_chance(500, 512);
	by_chance(4000, 4096);
	by_chance(20000, 20480);
	given_back(2000);
	given_back(5000);
	nothing_has_addresses();
	return 0;
}
