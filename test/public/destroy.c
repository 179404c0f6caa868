/* heap_destroy gives all back: heaps can be made and destroyed for ever. */
#include "walked.h"

int main(void)
{
	size_t before = 0;

	for (int i = 0; i < 20000; i++) {
		struct heap *heap = heap_create((size_t)(i % 50) * 4096, (size_t)1 << i % 13);
		char *cell = heap_alloc(heap, 1000);

		REQUIRE(heap && cell);
		memset(cell, i, 1000);
		if (i % 2)
			REQUIRE(heap_free(heap, cell) == 0);
		REQUIRE(walk(heap)->total >= 4096);
		heap_destroy(heap);
		if (i == 1000)
			before = resident_bytes();
	}
	REQUIRE(resident_bytes() < before + (2 << 20));
	return 0;
}
