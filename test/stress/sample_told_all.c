/* Blocks whose misuse was reported, and carried on from, are given back like others: memory is not used up, and what the
 * accesses left is not taken for zero.
 * run: HALLOC_SAMPLE=1 HALLOC_ON_ERROR=report HALLOC_LIMIT=64M */
#include "test.h"
#include <fcntl.h>

enum { MANY = 3000, BYTES = 4096 };

static bool is_zero(const char *block)
{
	for (unsigned i = 0; i < BYTES; i++)
		if (block[i] != 0)
			return false;
	return true;
}

/* Half of them are written to when they are freed, half beyond their ends before that. */
static void misuse(unsigned i)
{
	volatile char *block = calloc(1, BYTES);

	REQUIRE(block != NULL);
	REQUIRE(is_zero((const char *)(uintptr_t)block));
	if (i % 2)
		block[BYTES] = 1;
	free((void *)(uintptr_t)block);
	if (i % 2 == 0)
		memset((char *)(uintptr_t)block, 1, BYTES);
}

int main(void)
{
	int errors = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);

	REQUIRE(dup2(nowhere, STDERR_FILENO) == STDERR_FILENO);
	for (unsigned i = 0; i < MANY; i++)
		misuse(i);
	REQUIRE(dup2(errors, STDERR_FILENO) == STDERR_FILENO);
	return 0;
}
