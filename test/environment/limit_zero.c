/* Blocks of no bytes hold nothing, wherever they lie: what was free under the limit before is so after them.
 * run: HALLOC_LIMIT=16M */
#include "test.h"

enum { ZEROS = 600000, BLOCK_BYTES = 500000, BLOCKS = 33 };

int main(void)
{
	void **zeros = malloc(ZEROS * sizeof *zeros);
	unsigned count = 0;

	REQUIRE(zeros != NULL);
	while (count < ZEROS && (zeros[count] = malloc(0)) != NULL)
		count++;
	REQUIRE(count > ZEROS / 4);
	for (unsigned i = 0; i < count; i++)
		free(zeros[i]);
	free(zeros);
	REQUIRE(blocks_to_be_had(BLOCK_BYTES, BLOCKS) >= 25);
	return 0;
}
