/* malloc(0) and its kin give blocks of their own, of 24 bytes. */
#include "test.h"
#include <malloc.h>

static void show(const char *call, void *block)
{
	printf("%s: %s, usable >= 24: %s\n", call, block ? "a block" : "NULL",
	       malloc_usable_size(block) >= 24 ? "yes" : "no");
	if (block)
		fill(block, 24, 1);
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
