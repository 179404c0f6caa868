/* What lay behind the ends of large blocks does not go back where huge pages were asked for: each would be split, and be
 * made whole again.
 * modes: HALLOC_HARDENED=0
 * run: HALLOC_HUGE_PAGES=on HALLOC_PURGE_AFTER_MS=3600000 */
#include "test.h"

enum { KIB = 1024, FIRST = 800, MORE = 100, TRIES = 10 };

/* Returns: the KiB that lie in huge pages. */
static long huge_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");

	if (file == NULL)
		exit(77);
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "AnonHugePages: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

static void take_all(char **blocks, unsigned count, size_t bytes)
{
	for (unsigned i = 0; i < count; i++) {
		blocks[i] = malloc(bytes);
		REQUIRE(blocks[i]);
		fill(blocks[i], bytes, i);
	}
}

static void free_all(char **blocks, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(blocks[i]);
}

int main(void)
{
	static char *blocks[FIRST + TRIES * MORE];
	bool any = false;

	for (unsigned i = 0; i < TRIES; i++) {
		unsigned count = FIRST + i * MORE;
		take_all(blocks, count, 64 * KIB - 1);
		long before = huge_kib();
		free_all(blocks, count);
		take_all(blocks, count, 36 * KIB);
		long after = huge_kib();
		fprintf(stderr, "%u blocks: %ld KiB in huge pages, %ld before\n", count, after,
		        before);
		free_all(blocks, count);
		any = any || before != 0;
		REQUIRE(after >= before);
	}
	return any ? 0 : 77; /* the system has none */
}
