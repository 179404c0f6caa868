/* Blocks that grow in turn, step by step, are in each other's way, but move seldom: the pages of large ones are dear to
 * move, too. They keep what they hold. */
#include "test.h"

enum { BLOCKS = 40, STEP_BYTES = 30000, STEPS = 400, END_BYTES = 100, MOVES_MOST = 60 };

/* The end of what the block has had since this step. */
static char *end_at(char *block, unsigned step)
{
	return block + (size_t)(step + 1) * STEP_BYTES - END_BYTES;
}

int main(void)
{
	char *blocks[BLOCKS] = {0};
	unsigned moves = 0;

	for (unsigned step = 0; step < STEPS; step++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			char *block = realloc(blocks[i], (size_t)(step + 1) * STEP_BYTES);
			REQUIRE(block);
			moves += block != blocks[i];
			fill(end_at(block, step), END_BYTES, i + step);
			blocks[i] = block;
		}
	}
	fprintf(stderr, "%u moves of each\n", moves / BLOCKS);
	REQUIRE(moves / BLOCKS < MOVES_MOST);
	for (unsigned i = 0; i < BLOCKS; i++) {
		for (unsigned step = 0; step < STEPS; step++)
			REQUIRE(filled(end_at(blocks[i], step), END_BYTES, i + step));
		free(blocks[i]);
	}
	return 0;
}
