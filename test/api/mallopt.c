/* mallopt: 1 on success and for unknown parameters; 0 for a value out of range, where there is one: glibc has none
 * since 2.43. */
#include "test.h"
#include <malloc.h>

#define SHOW(name, value) \
	printf("mallopt(%s, %ld): %d\n", #name, (long)(value), mallopt(name, value))

/* Told by the library always. */
static bool is_told_or_taken(int value)
{
	int answer = mallopt(M_MXFAST, value);

	return answer == 0 || (answer == 1 && !is_under_halloc());
}

int main(void)
{
	void *block;

	SHOW(M_MXFAST, 0);
	SHOW(M_MXFAST, 64);
	SHOW(M_MXFAST, 160);
	SAY(is_told_or_taken(161));
	SAY(is_told_or_taken(1000));
	SAY(is_told_or_taken(-1));
	SHOW(M_TRIM_THRESHOLD, 128 << 10);
	SHOW(M_TRIM_THRESHOLD, 0);
	SHOW(M_TRIM_THRESHOLD, -1);
	SHOW(M_TOP_PAD, 64 << 10);
	SHOW(M_TOP_PAD, 0);
	SHOW(M_TOP_PAD, -1);
	SHOW(M_MMAP_THRESHOLD, 0);
	SHOW(M_MMAP_THRESHOLD, 256 << 10);
	SHOW(M_MMAP_THRESHOLD, 32 << 20);
	SHOW(M_MMAP_THRESHOLD, (32 << 20) + 1);
	SHOW(M_MMAP_THRESHOLD, 1 << 30);
	SHOW(M_MMAP_THRESHOLD, -1);
	SHOW(M_MMAP_MAX, 100);
	SHOW(M_MMAP_MAX, 0);
	SHOW(M_MMAP_MAX, 65536);
	SHOW(M_CHECK_ACTION, 3);
	SHOW(M_CHECK_ACTION, 0);
	SHOW(M_ARENA_TEST, 2);
	SHOW(M_ARENA_TEST, 0);
	SHOW(M_ARENA_TEST, -1);
	SHOW(M_ARENA_MAX, 4);
	SHOW(M_ARENA_MAX, 0);
	SHOW(M_ARENA_MAX, -1);
	SHOW(M_PERTURB, 0);
	SHOW(12345, 1);
	SHOW(-12345, 1);
	SHOW(0, 0);
	SHOW(2, 0);
	SHOW(3, 1);
	block = malloc(100);
	SAY(block != NULL);
	free(block);
	return 0;
}
