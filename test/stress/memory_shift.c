/* A program's sizes shift while it grows: what idles in slabs of the sizes that it had goes back before the heap
 * grows on by more than a twelfth or two, long before its time is due.
 * modes: HALLOC_HARDENED=0
 * run: HALLOC_PURGE_AFTER_MS=60000 */
#include "test.h"

#include <time.h>

enum { MIB = 1 << 20, BEFORE = 5000, AFTER = 700, BYTES = 48 * MIB };

static char *old[BYTES / BEFORE];

static char *new_block(size_t size)
{
	char *block = malloc(size);

	REQUIRE(block);
	return memset(block, 1, size);
}

int main(void)
{
	const struct timespec pause = {.tv_nsec = 50000000}; /* longer than to grow by a twelfth */
	size_t start = resident_bytes();

	for (size_t i = 0; i < BYTES / BEFORE; i++)
		old[i] = new_block(BEFORE);
	for (size_t i = 0; i < BYTES / BEFORE; i++)
		if (i % 10 != 0)
			free(old[i]);
	nanosleep(&pause, NULL);
	for (size_t i = 0; i < BYTES / AFTER; i++)
		new_block(AFTER);
	/* A tenth of the old blocks is left, with 12 KiB around each at most. */
	size_t most = BYTES + BYTES / 10 * 12 / 5 + 8 * MIB;
	size_t grown = resident_bytes() - start;
	printf("%zu MiB are resident, of at most %zu\n", grown / MIB, most / MIB);
	REQUIRE(grown <= most);
	return 0;
}
