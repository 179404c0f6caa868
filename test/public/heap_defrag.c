/* heap_defrag gives the OS pages of Page A that hold no cell back to the system. */
#include "walked.h"

enum { SIZE = 64 << 20 };

int main(void)
{
	struct heap *heap = heap_create(SIZE, 4096);
	size_t empty = resident_bytes();
	char *first = heap_alloc(heap, 4096), *bulk = heap_alloc(heap, SIZE - 8192),
	     *last = heap_alloc(heap, 4096);

	REQUIRE(first && bulk && last);
	memset(first, 1, 4096);
	memset(bulk, 2, SIZE - 8192);
	memset(last, 3, 4096);
	REQUIRE(resident_bytes() > empty + (60 << 20));
	REQUIRE(heap_free(heap, bulk) == 0);
	heap_defrag(heap);
	REQUIRE(resident_bytes() < empty + (4 << 20));
	REQUIRE(first[0] == 1 && first[4095] == 1 && last[0] == 3 && last[4095] == 3);
	bulk = heap_alloc(heap, SIZE - 8192);
	REQUIRE(bulk == first + 4096);
	memset(bulk, 4, SIZE - 8192);
	REQUIRE(first[4095] == 1 && last[0] == 3);
	heap_destroy(heap);
	REQUIRE(resident_bytes() < empty + (4 << 20));
	return 0;
}
