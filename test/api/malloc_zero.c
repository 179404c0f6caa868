/* malloc(0) and its kin give blocks of their own, and what is usable of them can be used. */
#include "test.h"
#include <malloc.h>

static void show(const char *call, void *block)
{
	size_t usable = malloc_usable_size(block);

	fill(block, usable, 1);
	printf("%s: %s, usable: %s\n", call, block ? "a block" : "NULL",
	       filled(block, usable, 1) ? "yes" : "no");
	free(block);
}

int main(void)
{
	volatile size_t zero = 0;
	void *a = malloc(zero), *b = malloc(zero);

	SAY(a != b);
	free(a);
	free(b);
	show("malloc(0)", malloc(zero));
	show("calloc(0, 0)", calloc(zero, zero));
	show("calloc(0, 8)", calloc(zero, 8));
	show("calloc(8, 0)", calloc(8, zero));
	show("realloc(NULL, 0)", realloc(NULL, zero));
	show("reallocarray(NULL, 0, 8)", reallocarray(NULL, zero, 8));
	show("memalign(64, 0)", memalign(64, zero));
	show("aligned_alloc(64, 0)", aligned_alloc(64, zero));
	show("valloc(0)", valloc(zero));
	return 0;
}
