/* Where small pages are dear, large blocks lie in huge pages as soon as they are written, and small ones in a heap that is
 * not so large yet; what is not touched takes no memory there either.
 * modes: HALLOC_HARDENED=0 */
#include "asked.h"

enum { SIZE = 100, BLOCKS = 400, BLOCK = 5 * MIB };

static unsigned mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned count = 0;

	REQUIRE(file);
	for (int c; (c = getc(file)) != EOF;)
		count += c == '\n';
	fclose(file);
	return count;
}

static void under_slabs(void)
{
	size_t before = 0;

	for (size_t i = 0; i < 32 * MIB / SIZE; i++) {
		char *block = malloc(SIZE);
		REQUIRE(block);
		memset(block, 1, SIZE);
		if ((i + 1) * SIZE == 4 * MIB)
			before = asked_for();
	}
	printf("huge pages for %zu MiB of 32, %zu of 4\n", asked_for() / MIB, before / MIB);
	REQUIRE(before == 0);
	REQUIRE(asked_for() >= 20 * (size_t)MIB);
}

static void in_blocks(void)
{
	char *zeroed = calloc(1, 16 * MIB);
	REQUIRE(zeroed && asked_for() <= 2 * MIB);
	char *written = malloc(16 * MIB);
	REQUIRE(written && asked_for() >= 14 * MIB);
	size_t before = asked_for();
	REQUIRE(malloc(3 * MIB) && asked_for() == before);
	/* It moves: what is behind it is in use. */
	size_t mib = 4;
	char *grown = malloc(mib * MIB);
	REQUIRE(grown);
	for (; mib < 64; mib *= 2) {
		memset(grown + mib / 2 * MIB, (int)mib, mib / 2 * MIB);
		REQUIRE(malloc(1 * MIB));
		grown = realloc(grown, 2 * mib * MIB);
		REQUIRE(grown && grown[mib * MIB - 1] == (char)mib &&
		        grown[mib / 2 * MIB] == (char)mib);
	}
	printf("huge pages for %zu MiB more of a block that grew to %zu\n",
	       (asked_for() - before) / MIB, mib);
	REQUIRE(asked_for() - before >= mib / 4 * MIB);
}

static void untouched(void)
{
	size_t resident = resident_bytes();

	for (int i = 0; i < BLOCKS; i++)
		REQUIRE(malloc(BLOCK));
	printf("%d blocks: huge pages for %zu MiB, %zu KiB more resident, %u mappings\n", BLOCKS,
	       asked_for() / MIB, (resident_bytes() - resident) / 1024, mappings());
	REQUIRE(asked_for() >= (size_t)BLOCKS * MIB);
	REQUIRE(resident_bytes() - resident <= 16 * MIB);
	REQUIRE(mappings() <= 200);
}

/* Each huge page takes longer than all the small ones: there are none but the first, which was asked for to see. */
static void slow(void)
{
	huge_ns = 20 * 1000 * 1000;
	for (int i = 0; i < 8; i++)
		REQUIRE(malloc(BLOCK));
	REQUIRE(asked_for() <= 2 * MIB);
}

int main(void)
{
	void (*const cases[])(void) = {under_slabs, in_blocks, untouched, slow};

	small_ns = 10000;
	if (has_huge_pages())
		run_cases(cases, sizeof cases / sizeof *cases);
	return 0;
}
