/* A sampled block that was freed is read, after a request of more than the machine has, which the system refused: it is still
 * inaccessible.
 * expect: use after free of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"
#include <sys/resource.h>

int main(void)
{
	volatile char *block = malloc(1000);
	rlim_t memory = (rlim_t)sysconf(_SC_PHYS_PAGES) * (rlim_t)sysconf(_SC_PAGESIZE);
	const struct rlimit limit = {memory, memory};

	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	free((void *)block);
	REQUIRE(malloc(memory + memory / 4) == NULL);
	crime(block);
	return block[3];
}
