/* The names that programs use to get past the public ones lead to the same heap. */
#include "test.h"
#include <malloc.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void *__libc_pvalloc(size_t size);
extern void __libc_free(void *block);

/* Frees block by the public name, once its contents have been through the public realloc. */
static void show(const char *call, char *block, size_t alignment)
{
	printf("%s: %s, low bits %zu\n", call, block ? "a block" : "NULL",
	       (uintptr_t)block % alignment);
	fill(block, 100, 1);
	SAY(malloc_usable_size(block) >= 100);
	block = realloc(block, 5000);
	SAY(filled(block, 100, 1));
	free(block);
}

int main(void)
{
	void *block = malloc(100);

	__libc_free(block);
	__libc_free(calloc(1, 300000));
	__libc_free(NULL);
	__libc_free(memalign(4096, 100));
	show("__libc_malloc", __libc_malloc(100), 16);
	show("__libc_calloc", __libc_calloc(10, 10), 16);
	show("__libc_realloc", __libc_realloc(malloc(10), 100), 16);
	show("__libc_memalign", __libc_memalign(256, 100), 256);
	show("__libc_valloc", __libc_valloc(100), 4096);
	show("__libc_pvalloc", __libc_pvalloc(100), 4096);
	return 0;
}
