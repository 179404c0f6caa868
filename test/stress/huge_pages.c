/* Nearly all of a heap of small blocks comes to lie in huge pages, once it is large enough; and when most of it is
 * freed, what is left is not in them.
 * modes: HALLOC_HARDENED=0
 * run: HALLOC_HUGE_PAGES=on */
#include "test.h"

#include <malloc.h>

enum { MIB = 1 << 20, SIZE = 100, BYTES = 96 * MIB, SMALL_HEAP = 16 * MIB };

static char *blocks[BYTES / SIZE];

/* How many bytes the process has asked huge pages for. */
static size_t asked_for(void)
{
	char line[512];
	size_t bytes = 0, sum = 0;
	unsigned long start, end;
	FILE *file = fopen("/proc/self/smaps", "re");

	REQUIRE(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			bytes = end - start;
		else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL)
			sum += bytes;
	}
	fclose(file);
	return sum;
}

int main(void)
{
	bool there = access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;

	for (size_t i = 0; i < BYTES / SIZE; i++) {
		blocks[i] = malloc(SIZE);
		REQUIRE(blocks[i]);
		memset(blocks[i], 1, SIZE);
		if ((i + 1) * SIZE == SMALL_HEAP / 2)
			REQUIRE(asked_for() == 0);
	}
	size_t full = asked_for();
	printf("huge pages for %zu MiB of %d\n", full / MIB, BYTES / MIB);
	REQUIRE(full >= (there ? BYTES - SMALL_HEAP - 8 * (size_t)MIB : 0));
	REQUIRE(full <= BYTES + BYTES / 4);
	for (size_t i = 0; i < BYTES / SIZE; i++)
		if (i % 100 != 0)
			free(blocks[i]);
	malloc_trim(0);
	size_t thin = asked_for();
	printf("%zu MiB when a hundredth of the blocks is left\n", thin / MIB);
	REQUIRE(there ? thin < full / 8 : thin == 0);
	return 0;
}
