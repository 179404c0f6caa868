/* reentry - preloaded ahead of the library: what the library calls to build its heap allocates, so
 * that malloc comes back in while the heap is being built. */
#include "../../src/page_b.h"
#include "test.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { REENTRIES = 64 };

char *reentry_blocks[REENTRIES];
unsigned reentry_count;
static bool inside;

/* The library's: says when the heap stands. Missing under plain libc. */
#pragma weak halloc_page_b

size_t reentry_size(unsigned i);
void *mmap64(void *address, size_t length, int rights, int flags, int file, off_t offset);

size_t reentry_size(unsigned i)
{
	return i * 5;
}

static void allocate(void)
{
	unsigned i = reentry_count;

	if (inside || i == REENTRIES || &halloc_page_b == NULL || halloc_page_b.ready)
		return;
	inside = true;
	switch (i % 4) {
	case 0:
		reentry_blocks[i] = malloc(reentry_size(i));
		break;
	case 1:
		reentry_blocks[i] = calloc(1, reentry_size(i));
		for (size_t k = 0; k < reentry_size(i); k++)
			REQUIRE(reentry_blocks[i][k] == 0);
		break;
	case 2:
		reentry_blocks[i] = memalign(64, reentry_size(i));
		REQUIRE((uintptr_t)reentry_blocks[i] % 64 == 0);
		break;
	default:
		reentry_blocks[i] = realloc(malloc(3), reentry_size(i));
	}
	REQUIRE(reentry_blocks[i]);
	REQUIRE(malloc_usable_size(reentry_blocks[i]) >= reentry_size(i));
	fill(reentry_blocks[i], reentry_size(i), i);
	free(malloc(30));
	reentry_count = i + 1;
	inside = false;
}

void *mmap(void *address, size_t length, int rights, int flags, int file, off_t offset)
{
	allocate();
	return (void *)syscall(SYS_mmap, address, length, rights, flags, file, offset);
}

void *mmap64(void *address, size_t length, int rights, int flags, int file, off_t offset)
{
	return mmap(address, length, rights, flags, file, offset);
}

int mprotect(void *address, size_t length, int rights)
{
	allocate();
	return (int)syscall(SYS_mprotect, address, length, rights);
}

int madvise(void *address, size_t length, int advice)
{
	allocate();
	return (int)syscall(SYS_madvise, address, length, advice);
}
