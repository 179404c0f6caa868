/* Where memory is limited, blocks are sampled or checked, or nobody wants them, no huge pages are asked for.
 * modes: HALLOC_LIMIT=2G HALLOC_SAMPLE=100000 HALLOC_HARDENED=1 HALLOC_HUGE_PAGES=off */
#include "asked.h"

enum { SIZE = 100, BYTES = 64 * MIB };

int main(void)
{
	for (size_t i = 0; i < BYTES / SIZE; i++) {
		char *block = malloc(SIZE);
		REQUIRE(block);
		*block = 1;
	}
	for (size_t mib = 1; mib <= 64; mib *= 2)
		REQUIRE(memset(realloc(malloc(mib * MIB), 2 * mib * MIB), 1, mib * MIB));
	REQUIRE(asked_for() == 0);
	return 0;
}
