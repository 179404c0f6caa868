/* malloc(0) and its kin give blocks of 24 bytes, as glibc's. Where a block is to have exactly what was asked
 * for, hardened or sampled, it has none.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"
#include <malloc.h>

static void show(const char *call, void *block)
{
	printf("%s: usable >= 24: %s\n", call, malloc_usable_size(block) >= 24 ? "yes" : "no");
	fill(block, 24, 1);
	free(block);
}

int main(void)
{
	volatile size_t zero = 0;

	show("malloc(0)", malloc(zero));
	show("calloc(0, 8)", calloc(zero, 8));
	show("realloc(NULL, 0)", realloc(NULL, zero));
	show("memalign(64, 0)", memalign(64, zero));
	show("valloc(0)", valloc(zero));
	return 0;
}
