/* What a program that grows is about to touch is in memory before it does, where a page takes long; a program that takes
 * little, or blocks so large that it may not touch all of them, pays for no more than it touches, nor does calloc make it;
 * nor does any where pages are made quickly.
 * modes: HALLOC_HARDENED=0 HALLOC_HUGE_PAGES=off */
#include "asked.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/utsname.h>

enum { PAGE = 4096, MANY = 20000, FEW = 64 };

static char *blocks[MANY];

static bool is_resident(const void *ptr)
{
	unsigned char here;

	REQUIRE(mincore((void *)((uintptr_t)ptr & -(uintptr_t)PAGE), 1, &here) == 0);
	return (here & 1) != 0;
}

/* How many pages that blocks of a size begin in, none of them touched, are in memory; and how many there are. */
static unsigned resident(unsigned count, size_t size, unsigned *pages)
{
	unsigned here = 0;

	*pages = 0;
	for (unsigned i = 0; i < count; i++) {
		blocks[i] = malloc(size);
		REQUIRE(blocks[i]);
		if (i > 0 && (uintptr_t)blocks[i] / PAGE == (uintptr_t)blocks[i - 1] / PAGE)
			continue;
		++*pages;
		here += is_resident(blocks[i]);
	}
	printf("%u blocks of %zu: %u of %u pages in memory\n", count, size, here, *pages);
	return here;
}

/* Tables, large and less large in turn, out of memory of which little was touched. Returns: the page faults for each. */
static long faults_for_table(void)
{
	enum { ROUNDS = 50, USES = 8 };
	struct rusage before, after;

	REQUIRE(getrusage(RUSAGE_SELF, &before) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t size = (size_t)(round % 2 == 0 ? 6 : 1) << 20;
		char *table = calloc(1, size);
		REQUIRE(table);
		for (size_t i = 0; i < USES; i++) {
			size_t at = (round * 7919 + i * 104729) % size;
			REQUIRE(table[at] == 0);
			table[at] = 1;
		}
		free(table);
	}
	REQUIRE(getrusage(RUSAGE_SELF, &after) == 0);
	printf("%ld page faults for a table\n", (after.ru_minflt - before.ru_minflt) / ROUNDS);
	return (after.ru_minflt - before.ru_minflt) / ROUNDS;
}

static bool kernel_can(void)
{
	struct utsname name;
	unsigned major, minor;

	REQUIRE(uname(&name) == 0);
	return sscanf(name.release, "%u.%u", &major, &minor) == 2 && major * 1000 + minor >= 5014;
}

static void dear(void)
{
	unsigned pages;

	REQUIRE(resident(FEW, 176, &pages) <= 1);
	REQUIRE(resident(MANY, 112, &pages) > pages / 10 * 9);
	REQUIRE(resident(20, 4600, &pages) <= 1);
	REQUIRE(resident(400, 4600, &pages) > pages / 2);
	REQUIRE(resident(200, 9000, &pages) <= 1);
	REQUIRE(faults_for_table() < 40);
}

/* But for a few trials. */
static void quick(void)
{
	unsigned pages;

	small_ns = 1000;
	REQUIRE(resident(MANY, 112, &pages) < pages / 10);
	REQUIRE(resident(400, 4600, &pages) <= 1);
}

int main(void)
{
	void (*const cases[])(void) = {dear, quick};

	if (sysconf(_SC_PAGESIZE) != PAGE || !kernel_can())
		return 0;
	small_ns = 9000;
	run_cases(cases, sizeof cases / sizeof *cases);
	return 0;
}
