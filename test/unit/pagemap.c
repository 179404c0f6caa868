/* Addresses to entries, at both ends of the map and as it grows.
 * links: pagemap os machine clock report */
#include "pagemap.h"
#include "child.h"

static const uintptr_t base = (uintptr_t)1 << 45;

static bool is_empty(const struct pagemap_entry *entry)
{
	static const struct pagemap_entry empty;

	return memcmp(entry, &empty, sizeof empty) == 0;
}

static void look(size_t pages)
{
	for (size_t page = 0; page < pages; page++) {
		char *start = (char *)base + (page << HEAP_PAGE_SHIFT);
		REQUIRE(pagemap_find(start) == &pagemap.entries[page]);
		REQUIRE(pagemap_find(start + HEAP_PAGE_BYTES - 1) == &pagemap.entries[page]);
		REQUIRE(pagemap_find(start + 12345) == &pagemap.entries[page]);
	}
	REQUIRE(pagemap_find((char *)base + (pages << HEAP_PAGE_SHIFT)) == NULL);
	REQUIRE(pagemap_find((char *)base - 1) == NULL);
	REQUIRE(pagemap_find(NULL) == NULL);
	REQUIRE(pagemap_find((void *)UINTPTR_MAX) == NULL);
	/* The same bits with the sign bit, a tag, or the highest user bit set. */
	REQUIRE(pagemap_find((void *)(base | (uintptr_t)1 << 63)) == NULL);
	REQUIRE(pagemap_find((void *)(base | (uintptr_t)0x5a << 56)) == NULL);
	REQUIRE(pagemap_find((void *)(base | (uintptr_t)1 << 46)) == NULL);
}

int main(void)
{
	size_t most = (size_t)1 << 24;

	REQUIRE(pagemap_find((void *)base) == NULL);
	os_boot();
	REQUIRE(pagemap_boot(base, most << HEAP_PAGE_SHIFT));
	REQUIRE(pagemap_find((void *)base) == NULL);
	for (size_t pages = 1; pages <= 10000; pages = pages * 3 + 1) {
		size_t before = pagemap.bytes >> HEAP_PAGE_SHIFT;
		REQUIRE(pagemap_extend(pages << HEAP_PAGE_SHIFT));
		look(pages);
		for (size_t i = before; i < pages; i++) {
			REQUIRE(is_empty(&pagemap.entries[i]));
			pagemap.entries[i].arena = (uint16_t)i;
		}
	}
	for (size_t i = 0; i < pagemap.bytes >> HEAP_PAGE_SHIFT; i++)
		REQUIRE(pagemap.entries[i].arena == (uint16_t)i);
	/* More than the map was made for: refused, and nothing has changed. */
	size_t bytes = pagemap.bytes;
	REQUIRE(!pagemap_extend((size_t)1 << 46));
	REQUIRE(pagemap.bytes == bytes);
	return 0;
}
