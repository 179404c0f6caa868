/* A full heap says NULL and ENOMEM, and nothing has changed; what is freed can be had again. */
#include "walked.h"

static char *cells[100000];

static void fill_up(size_t heap_size, size_t granule, size_t size)
{
	struct heap *heap = heap_create(heap_size, granule);
	size_t count = 0, whole = walk(heap)->total;
	char before[sizeof((struct cells *)0)->text], *again;

	errno = 0;
	while ((cells[count] = heap_alloc(heap, size))) {
		memset(cells[count], (int)count, size);
		count++;
		REQUIRE(count < 100000);
	}
	REQUIRE(errno == ENOMEM);
	REQUIRE(count > 0);
	strcpy(before, walk(heap)->text);
	REQUIRE(walk(heap)->total == whole);
	for (int i = 0; i < 10; i++) {
		errno = 0;
		REQUIRE(heap_alloc(heap, size) == NULL);
		REQUIRE(errno == ENOMEM);
	}
	REQUIRE(heap_alloc(heap, whole + 1) == NULL && errno == ENOMEM);
	REQUIRE(heap_alloc(heap, SIZE_MAX) == NULL && errno == ENOMEM);
	REQUIRE(heap_alloc(heap, PTRDIFF_MAX) == NULL && errno == ENOMEM);
	LOOKS(heap, before);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < size; k++)
			REQUIRE(cells[i][k] == (char)i);
	REQUIRE(heap_free(heap, cells[count / 2]) == 0);
	again = heap_alloc(heap, size);
	REQUIRE(again == cells[count / 2]);
	LOOKS(heap, before);
	for (size_t i = 0; i < count; i++)
		REQUIRE(heap_free(heap, cells[(i * 7919) % count]) == 0 || count % 7919 == 0);
	REQUIRE(walk(heap)->count == 1 && walk(heap)->used == 0);
	REQUIRE(heap_alloc(heap, whole));
	heap_destroy(heap);
}

int main(void)
{
	fill_up(0, 0, 16);
	fill_up(0, 0, 100);
	fill_up(0, 0, 1024);
	fill_up(0, 0, 4096);
	fill_up(0, 1, 1);
	fill_up(0, 1, 7);
	fill_up(0, 4096, 1);
	fill_up(100000, 0, 16);
	fill_up(100000, 64, 1000);
	fill_up(10 << 20, 4096, 5000);
	fill_up(10 << 20, 65536, 100000);
	return 0;
}
