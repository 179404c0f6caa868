/* A heap grows while the slabs of another size have holes of single OS pages, which growth leaves alone: that ends,
 * however short the time is after which idle memory goes back.
 * run: HALLOC_HARDENED=0
 * modes: HALLOC_PURGE_AFTER_MS=0 HALLOC_PURGE_AFTER_MS=15 HALLOC_PURGE_AFTER_MS=500 */
#include "test.h"

enum { MIB = 1 << 20, BEFORE = 5000, AFTER = 700, BYTES = 24 * MIB };

static char *old[BYTES / BEFORE];

int main(void)
{
	for (size_t i = 0; i < BYTES / BEFORE; i++) {
		old[i] = malloc(BEFORE);
		REQUIRE(old[i]);
		memset(old[i], 1, BEFORE);
	}
	for (size_t i = 0; i < BYTES / BEFORE; i++)
		if (i % 3 != 0)
			free(old[i]);
	for (size_t i = 0; i < 4 * BYTES / AFTER; i++)
		REQUIRE(calloc(1, AFTER));
	return 0;
}
