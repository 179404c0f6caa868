/* Under RLIMIT_AS and RLIMIT_DATA, memory that was all taken as blocks of one size, and given back, serves
 * any other: what one size has claimed is not lost to the others, nor to what describes them. */
#include "test.h"
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)

enum { LIMIT = 64 };

struct block {
	struct block *next;
};

/* Takes blocks until there are no more, then frees them all. Returns: the bytes asked for. */
static size_t use_all(size_t size)
{
	struct block *blocks = NULL, *block;
	size_t bytes = 0;

	for (; (block = malloc(size)) != NULL; bytes += size) {
		memset(block, 1, size);
		block->next = blocks;
		blocks = block;
	}
	REQUIRE(errno == ENOMEM);
	while ((block = blocks) != NULL) {
		blocks = block->next;
		free(block);
	}
	return bytes;
}

/* Under the limit from its very start. Returns: 0 when each of the sizes in turn got a fair part of it. */
static int limited(char **sizes)
{
	bool fair = true;

	for (int i = 0; i < 3; i++) {
		size_t size = strtoul(sizes[i], NULL, 10);
		size_t bytes = use_all(size);
		fprintf(stderr, "%zu KiB as blocks of %zu; ", bytes >> 10, size);
		fair = fair && bytes >= LIMIT * MIB / 2;
	}
	fprintf(stderr, "%s\n", fair ? "fair" : "not fair");
	return fair ? 0 : 1;
}

/* Returns: whether each of the sizes in turn got a fair part of the limit. */
static bool run(int resource, const size_t sizes[3])
{
	struct rlimit limits = {LIMIT * MIB, LIMIT * MIB};
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		char texts[3][20];
		for (int i = 0; i < 3; i++)
			snprintf(texts[i], sizeof texts[i], "%zu", sizes[i]);
		REQUIRE(setrlimit(resource, &limits) == 0);
		execl("/proc/self/exe", "limits_mixed", texts[0], texts[1], texts[2], NULL);
		_exit(9);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	return status == 0;
}

int main(int argc, char **argv)
{
	/* Starting with each kind, and ending with another. */
	static const size_t orders[][3] = {
	        {MIB, 50, MIB}, {40000, 1000, 50}, {1000, 50, 300000}, {50, MIB, 1000}};
	bool fair = true;

	if (argc > 1)
		return limited(argv + 1);
	for (int i = 0; i < 4; i++) {
		fair = run(RLIMIT_AS, orders[i]) && fair;
		fair = run(RLIMIT_DATA, orders[i]) && fair;
	}
	REQUIRE(fair);
	return 0;
}
