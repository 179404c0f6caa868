/* threads - usage: threads COUNT. The same work shared out among more and more threads, which know
 * nothing of each other. */
#include "bench.h"

enum { work = 32000000, live = 1000 };

static unsigned count;

static void *churn(void *number)
{
	char **blocks = calloc(live, sizeof *blocks);
	uint32_t seed = (uint32_t)(uintptr_t)number + 100;

	REQUIRE(blocks);
	for (unsigned i = 0; i < work / count; i++) {
		unsigned at = next_random(&seed) % live;
		free(blocks[at]);
		blocks[at] = allocate(random_size(&seed));
	}
	for (unsigned i = 0; i < live; i++)
		free(blocks[i]);
	free(blocks);
	return NULL;
}

int main(int argc, char **argv)
{
	count = argc == 2 ? (unsigned)atoi(argv[1]) : 0;
	if (count < 1 || count > threads_max) {
		fprintf(stderr, "usage: threads COUNT, of 1 to %d\n", threads_max);
		return 2;
	}
	run_threads(count, churn);
	return 0;
}
