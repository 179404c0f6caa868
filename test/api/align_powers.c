/* Aligned blocks at every power of two up to 1 GiB: aligned, their own, freed, resized. */
#include "test.h"
#include <malloc.h>

static void show(size_t alignment, size_t size)
{
	char *first = memalign(alignment, size), *second = aligned_alloc(alignment, size);
	void *third = NULL;
	bool ok = first && second && first != second;

	if (alignment >= sizeof(void *))
		ok = ok && posix_memalign(&third, alignment, size) == 0 && third;
	ok = ok &&
	     (((uintptr_t)first | (uintptr_t)second | (uintptr_t)third) & (alignment - 1)) == 0;
	ok = ok && malloc_usable_size(first) >= size && malloc_usable_size(second) >= size;
	if (ok) {
		fill(first, size, 1);
		fill(second, size, 2);
		ok = filled(first, size, 1);
		first = realloc(first, size * 2 + 1);
		ok = ok && first && filled(first, size, 1) && filled(second, size, 2);
	}
	free(first);
	free(second);
	free(third);
	printf("alignment %zu, size %zu: %s\n", alignment, size, ok ? "ok" : "fail");
}

int main(void)
{
	for (size_t alignment = 1; alignment <= (size_t)1 << 30; alignment *= 2) {
		show(alignment, 1);
		show(alignment, 100);
		show(alignment, 5000);
		show(alignment, 300000);
	}
	return 0;
}
