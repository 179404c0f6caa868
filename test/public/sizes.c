/* Sizes of heaps are rounded up to whole OS pages, sizes of cells to the granule. */
#include "walked.h"

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), sizes[] = {0, 1, 100, page, page + 1, 1000000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t whole = sizes[i] ? (sizes[i] + page - 1) / page * page : page;

		for (size_t granule = 1; granule <= page; granule *= 2) {
			struct heap *heap = heap_create(sizes[i], granule);
			char *first, *second;

			REQUIRE(heap);
			REQUIRE(walk(heap)->total == whole);
			first = heap_alloc(heap, 0);
			REQUIRE(first && walk(heap)->used == granule);
			second = heap_alloc(heap, granule + 1);
			if (second) {
				REQUIRE(second == first + granule);
				REQUIRE(walk(heap)->used == granule * 3);
				REQUIRE(heap_free(heap, second) == 0);
			}
			REQUIRE(heap_free(heap, first) == 0);
			REQUIRE(walk(heap)->count == 1);
			heap_destroy(heap);
		}
	}
	return 0;
}
