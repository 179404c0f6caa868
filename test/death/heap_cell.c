/* A cell of a heap that the program has created is given to free.
 * expect: invalid free */
#include "test.h"

struct heap;
struct heap *heap_create(size_t, size_t) __attribute__((weak));
void *heap_alloc(struct heap *, size_t) __attribute__((weak));

int main(void)
{
	if (heap_create == NULL)
		return 1;
	char *block = heap_alloc(heap_create(0, 0), 100);

	crime(block);
	free(block);
	return 0;
}
