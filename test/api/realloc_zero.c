/* realloc(p, 0) frees p and returns NULL, with errno as it was. */
#include "test.h"
#include <malloc.h>

static void show(size_t size)
{
	volatile size_t zero = 0;
	void *block = malloc(size), *answer;

	errno = 0;
	answer = realloc(block, zero);
	printf("realloc(malloc(%zu), 0): %s, errno %s\n", size, answer ? "a block" : "NULL",
	       errno_name(errno));
	free(answer);
	answer = reallocarray(malloc(size), zero, 3);
	printf("reallocarray(malloc(%zu), 0, 3): %s\n", size, answer ? "a block" : "NULL");
	free(answer);
}

int main(void)
{
	size_t before;

	show(1);
	show(5000);
	show(300000);
	show(20000000);
	/* it is freed, not lost: ten thousand rounds of 100 KB would show otherwise */
	before = resident_bytes();
	for (int i = 0; i < 10000; i++) {
		char *block = malloc(100000);
		block[0] = 1;
		if (realloc(block, 0))
			printf("a block at round %d\n", i);
	}
	SAY(resident_bytes() < before + (64 << 20));
	return 0;
}
