/* hdefrag gives idle memory back at once, down to single OS pages among live blocks. */
#include "halloc.h"
#include "test.h"

enum { COUNT = 400000, SIZE = 100 };

static char *blocks[COUNT];

int main(void)
{
	size_t empty = resident_bytes(), full, thin, bare;
	const char *hardened = getenv("HALLOC_HARDENED");
	bool exact = getenv("HALLOC_SAMPLE") != NULL || (hardened != NULL && *hardened == '1');
	/* Slots in quarantine keep their pages, and Page B holds the stacks of blocks with guards. */
	size_t bare_most = (size_t)(exact ? 8 : 4) << 20;

	for (int i = 0; i < COUNT; i++) {
		blocks[i] = halloc(SIZE);
		fill(blocks[i], SIZE, (unsigned)i);
	}
	full = resident_bytes();
	for (int i = 0; i < COUNT; i++)
		if (i % 400) /* one live block in 40 KB is left, in every slab */
			REQUIRE(hfree(blocks[i]) == 0);
	hdefrag();
	thin = resident_bytes();
	for (int i = 0; i < COUNT; i += 400) {
		REQUIRE(filled(blocks[i], SIZE, (unsigned)i));
		REQUIRE(hfree(blocks[i]) == 0);
	}
	hdefrag();
	bare = resident_bytes();
	fprintf(stderr, "resident KB: empty %zu, full %zu, thin %zu, bare %zu\n", empty >> 10,
	        full >> 10, thin >> 10, bare >> 10);
	REQUIRE(full - empty > (size_t)COUNT * SIZE);
	REQUIRE(thin - empty < (full - empty) / 4);
	REQUIRE(bare < empty + bare_most);
	for (int i = 0; i < COUNT; i++) {
		blocks[i] = halloc(SIZE);
		fill(blocks[i], SIZE, (unsigned)i);
	}
	hdefrag();
	for (int i = 0; i < COUNT; i++)
		REQUIRE(filled(blocks[i], SIZE, (unsigned)i));
	return 0;
}
