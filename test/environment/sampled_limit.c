/* Freed blocks that were sampled are kept for a while, where nobody may touch them. They are no reason to refuse
 * memory, neither by the limit nor by the system.
 * run: HALLOC_LIMIT=256M HALLOC_SAMPLE=1
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

enum { ROUNDS = 300, BLOCK_BYTES = 10 << 20 };

int main(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		char *block = malloc(BLOCK_BYTES);
		REQUIRE(block != NULL);
		block[0] = 1;
		free(block);
		block = realloc(malloc(BLOCK_BYTES), BLOCK_BYTES + i * 1000);
		REQUIRE(block != NULL);
		free(block);
	}
	return 0;
}
