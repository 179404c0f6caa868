/* A heap grows while the slabs of another size have holes of single OS pages: that they go back has an end,
 * however short the time is that they have to idle for.
 * run: HALLOC_HARDENED=0
 * modes: HALLOC_PURGE_AFTER_MS=0 HALLOC_PURGE_AFTER_MS=15 HALLOC_PURGE_AFTER_MS=600 */
#include "test.h"

#include <time.h>

enum { MIB = 1 << 20, BEFORE = 5000, AFTER = 700, BYTES = 24 * MIB };

static char *old[BYTES / BEFORE];

int main(void)
{
	const struct timespec pause = {.tv_nsec = 60000000};

	for (size_t i = 0; i < BYTES / BEFORE; i++) {
		old[i] = malloc(BEFORE);
		REQUIRE(old[i]);
		memset(old[i], 1, BEFORE);
	}
	for (size_t i = 0; i < BYTES / BEFORE; i++)
		if (i % 3 != 0)
			free(old[i]);
	nanosleep(&pause, NULL);
	size_t idle = resident_bytes();
	for (size_t i = 0; i < 2 * BYTES / AFTER; i++)
		REQUIRE(calloc(1, AFTER));
	size_t grown = resident_bytes();
	printf("resident: %zu KiB, grown %zu\n", idle / 1024, grown / 1024);
	/* Some 11 MiB of holes go back, 5 of them in single pages. */
	if (strcmp(getenv("HALLOC_PURGE_AFTER_MS"), "600") == 0)
		REQUIRE(grown + 8 * MIB < idle + 2 * BYTES);
	return 0;
}
