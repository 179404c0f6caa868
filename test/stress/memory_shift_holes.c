/* A heap grows while the slabs of another size have holes of single OS pages, which growth leaves alone: that ends,
 * however short the time is after which idle memory goes back; and then they go, too.
 * run: HALLOC_HARDENED=0
 * modes: HALLOC_PURGE_AFTER_MS=0 HALLOC_PURGE_AFTER_MS=15 HALLOC_PURGE_AFTER_MS=600 */
#include "test.h"

#include <time.h>

enum { MIB = 1 << 20, BEFORE = 5000, AFTER = 700, BYTES = 24 * MIB };

static char *old[BYTES / BEFORE];

int main(void)
{
	const struct timespec part = {.tv_nsec = 60000000}, all = {.tv_nsec = 800000000};

	for (size_t i = 0; i < BYTES / BEFORE; i++) {
		old[i] = malloc(BEFORE);
		REQUIRE(old[i]);
		memset(old[i], 1, BEFORE);
	}
	for (size_t i = 0; i < BYTES / BEFORE; i++)
		if (i % 3 != 0)
			free(old[i]);
	nanosleep(&part, NULL);
	size_t idle = resident_bytes();
	for (size_t i = 0; i < 2 * BYTES / AFTER; i++)
		REQUIRE(calloc(1, AFTER));
	size_t grown = resident_bytes();
	nanosleep(&all, NULL);
	free(malloc(50000));
	size_t rested = resident_bytes();
	printf("resident: %zu KiB, grown %zu, later %zu\n", idle / 1024, grown / 1024,
	       rested / 1024);
	/* Growth has given the other holes back, of some 5 MiB. */
	if (strcmp(getenv("HALLOC_PURGE_AFTER_MS"), "600") == 0) {
		REQUIRE(grown < idle + 2 * BYTES);
		REQUIRE(rested + 2 * MIB < grown);
	}
	return 0;
}
