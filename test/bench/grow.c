/* grow - realloc: many buffers of text that grow together, then one block to 1 GiB by an eighth at a
 * time, all of it written. */
#include "bench.h"

enum { rounds = 2, texts = 500, text_bytes = 60000, line_bytes = 333 };
static const size_t block_bytes = (size_t)1 << 30;

static void grow_texts(void)
{
	static char *buffers[texts];

	for (size_t size = line_bytes; size < text_bytes; size += line_bytes)
		for (unsigned i = 0; i < texts; i++) {
			buffers[i] = realloc(buffers[i], size);
			REQUIRE(buffers[i]);
			memset(buffers[i] + size - line_bytes, 'x', line_bytes);
		}
	for (unsigned i = 0; i < texts; i++) {
		REQUIRE(buffers[i][0] == 'x');
		free(buffers[i]);
		buffers[i] = NULL;
	}
}

static void grow_block(void)
{
	char *block = NULL;
	size_t size = 0;

	while (size < block_bytes) {
		size_t larger = size + size / 8 + 4096;
		block = realloc(block, larger);
		REQUIRE(block);
		touch(block + size, larger - size);
		size = larger;
	}
	free(block);
}

int main(void)
{
	for (unsigned i = 0; i < rounds; i++)
		grow_texts();
	grow_block();
	return 0;
}
