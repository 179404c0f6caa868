/* The example of the original documentation, to the byte. */
#include "walked.h"

int main(void)
{
	struct heap *heap = heap_create(20, 1);
	char text[100];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *ten, *eight, *two;

	REQUIRE(heap);
	ten = heap_alloc(heap, 10);
	eight = heap_alloc(heap, 8);
	two = heap_alloc(heap, 2);
	REQUIRE(ten && eight == ten + 10 && two == ten + 18);
	memset(ten, 'a', 10);
	memset(eight, 'b', 8);
	memset(two, 'c', 2);
	sprintf(text, "0+10U 10+8U 18+2U 20+%zuF", page - 20);
	LOOKS(heap, text);
	REQUIRE(memcmp(ten, "aaaaaaaaaabbbbbbbbcc", 20) == 0);
	REQUIRE(heap_free(heap, ten) == 0);
	REQUIRE(heap_free(heap, eight) == 0);
	sprintf(text, "0+18F 18+2U 20+%zuF", page - 20);
	LOOKS(heap, text);
	REQUIRE(memcmp(two, "cc", 2) == 0);
	REQUIRE(heap_free(heap, two) == 0);
	sprintf(text, "0+%zuF", page);
	LOOKS(heap, text); /* the head cell is never given up */
	REQUIRE(heap_alloc(heap, 18) == ten);
	heap_destroy(heap);
	return 0;
}
