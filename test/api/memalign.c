/* memalign and aligned_alloc with odd alignments and sizes. */
#include "test.h"
#include <malloc.h>

static void show(const char *call, void *answer, size_t alignment)
{
	printf("%s: %s, errno %s, low bits %#zx\n", call, answer ? "a block" : "NULL",
	       errno_name(errno), (uintptr_t)answer & (alignment - 1));
	free(answer);
	errno = 0;
}

#define SHOW(call, alignment) show(#call, call, alignment)

/* An alignment that is no power of two: rounded up, as by glibc before 2.38, or refused, as since then. */
static bool is_rounded_or_refused(size_t alignment)
{
	void *answer = aligned_alloc(alignment, 10);
	bool right = answer != NULL ? errno == 0 : errno == EINVAL;

	free(answer);
	errno = 0;
	return right;
}

int main(void)
{
	volatile size_t top = (size_t)1 << 63;

	errno = 0;
	SAY(is_rounded_or_refused(3));
	SAY(is_rounded_or_refused(0));
	SHOW(aligned_alloc(1, 10), 16);
	SHOW(aligned_alloc(8, 10), 16);
	SAY(is_rounded_or_refused(48));
	SHOW(aligned_alloc(64, 10), 64);
	SHOW(aligned_alloc(4096, 1), 4096);
	SHOW(aligned_alloc(top, 10), 16);
	SHOW(aligned_alloc(top + 1, 10), 16);
	SHOW(aligned_alloc(SIZE_MAX, 10), 16);
	SHOW(memalign(48, 100), 64);
	SHOW(memalign(0, 10), 16);
	SHOW(memalign(1, 10), 16);
	SHOW(memalign(3, 10), 16);
	SHOW(memalign(24, 10), 32);
	SHOW(memalign(4097, 10), 8192);
	SHOW(memalign(65, 100000), 128);
	SHOW(memalign(100, 1000000), 128);
	SHOW(memalign(top, 100), 16);
	SHOW(memalign(top - 1, 100), 16);
	SHOW(memalign(top + 1, 100), 16);
	SHOW(memalign(top / 2, 100), 16);
	SHOW(memalign(SIZE_MAX, 100), 16);
	SHOW(valloc(1), 4096);
	SHOW(valloc(100000), 4096);
	SHOW(pvalloc(1), 4096);
	SHOW(pvalloc(4097), 4096);
	return 0;
}
