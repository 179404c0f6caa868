/* Large blocks come to lie in huge pages where they grow, and only there: those that a
 * program barely touches take no more memory than it touches.
 * modes: HALLOC_HARDENED=0 */
#include "asked.h"

#include <malloc.h>

/* The small blocks of this test may have come to lie across the start of one. */
enum { FOR_SMALL = 4 * MIB };

/* Of a block of so many MiB, touches a byte in each stretch of so many, frees it, and gives it all back.
 * Returns: for how much of it huge pages were asked. */
static size_t use(size_t mib, size_t stretch)
{
	size_t before = asked_for();
	char *block = malloc(mib * MIB);

	REQUIRE(block);
	size_t more = asked_for() - before;
	for (size_t i = 0; i < mib * MIB; i += stretch)
		block[i] = 1;
	free(block);
	malloc_trim(0);
	return (ptrdiff_t)more > 0 ? more : 0;
}

static void in_small_heap(void)
{
	REQUIRE(use(8, 4096) == 0);
	REQUIRE(use(8, 4096) == 0);
}

static void barely_touched(void)
{
	REQUIRE(malloc(24 * MIB));
	for (int i = 0; i < 40; i++)
		REQUIRE(use(32, MIB) == 0);
	REQUIRE(asked_for() <= FOR_SMALL);
}

static void grown(void)
{
	size_t mib = 2;
	char *large = malloc(24 * MIB);
	char *block = malloc(mib * MIB);

	REQUIRE(large && block);
	memset(block, 1, mib * MIB);
	for (; mib < 64; mib *= 2) {
		block = realloc(block, 2 * mib * MIB);
		REQUIRE(block);
		memset(block + mib * MIB, 1, mib * MIB);
	}
	printf("huge pages for %zu MiB of a block that grew to %zu\n", asked_for() / MIB, mib);
	REQUIRE(asked_for() >= mib / 4 * MIB);
	free(block);
}

int main(void)
{
	void (*const cases[])(void) = {in_small_heap, barely_touched, grown};

	if (has_huge_pages())
		run_cases(cases, sizeof cases / sizeof *cases);
	return 0;
}
