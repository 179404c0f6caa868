/* posix_memalign answers by its value: errno stays, and the pointer too when it fails. */
#include "test.h"

static void show(size_t alignment, size_t size)
{
	char mark;
	void *block = &mark;
	int answer;

	errno = 5;
	answer = posix_memalign(&block, alignment, size);
	printf("alignment %zu, size %zu: %s, errno %s, ", alignment, size, errno_name(answer),
	       errno == 5 ? "untouched" : "touched");
	if (block == &mark) {
		puts("pointer untouched");
		return;
	}
	printf("%s, aligned: %s\n", block ? "a block" : "NULL",
	       (uintptr_t)block % alignment ? "no" : "yes");
	if (block)
		fill(block, size, 1);
	free(block);
}

int main(void)
{
	size_t bad[] = {0, 1, 2, 3, 4, 5, 7, 9, 12, 24, 48, 100, 4097, SIZE_MAX, SIZE_MAX / 2};
	volatile size_t max = SIZE_MAX;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		show(bad[i], 10);
	for (size_t alignment = 8; alignment <= 65536; alignment *= 2)
		for (size_t size = 0; size < 200000; size = size * 3 + 1)
			show(alignment, size);
	show(16, 0);
	show(64, max);
	show(64, max - 64);
	show(8, max / 2);
	show(4096, max / 2 + 1);
	show(max / 2 + 1, 10);
	show(max / 4 + 1, 10);
	return 0;
}
