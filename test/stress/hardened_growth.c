/* Large blocks that grow a little at a time, in hardened mode: seldom moved, nor then copied, with nothing lost, what is new
 * all zero, and what is beyond the last page inaccessible.
 * run: HALLOC_HARDENED=1 */
#include "test.h"
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { FIRST = 100000, STEP = 6, STEPS = 60000, MOVES_MOST = 20 };

static const size_t page = 4096;

/* Grows a block step by step, and checks what it gets. Returns: the block; *moves: how often it moved. */
static unsigned char *grow(size_t size, size_t step, unsigned steps, unsigned *moves)
{
	unsigned char *block = malloc(size);

	REQUIRE(block);
	fill(block, size, 1);
	*moves = 0;
	for (unsigned i = 0; i < steps; i++, size += step) {
		unsigned char *grown = realloc(block, size + step);
		REQUIRE(grown);
		REQUIRE((uintptr_t)grown % 16 == 0);
		REQUIRE(malloc_usable_size(grown) == size + step);
		*moves += grown != block;
		block = grown;
		for (size_t at = size; at < size + step; at++) {
			REQUIRE(block[at] == 0);
			block[at] = (unsigned char)(31 + at * 7 + (at >> 8)); /* as fill */
		}
	}
	REQUIRE(filled(block, size, 1));
	return block;
}

/* Whether a write at this place ends a process. */
static bool faults(unsigned char *at)
{
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		close(STDERR_FILENO); /* it is reported, too */
		*(volatile unsigned char *)at = 1;
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status);
}

static unsigned char *end_of(unsigned char *block, size_t size)
{
	return (unsigned char *)(((uintptr_t)block + size + page - 1) & -page);
}

static void shrinks(unsigned char *block, size_t size)
{
	size_t less = size / 4 * 3, more = size + 1;
	unsigned char *end = end_of(block, less), *shrunk = realloc(block, less);

	REQUIRE(shrunk == block);
	REQUIRE(filled(block, less, 1));
	REQUIRE(faults(end));
	REQUIRE(!faults(end - 1));
	/* What it had there before does not come back. */
	block = realloc(block, more);
	REQUIRE(filled(block, less, 1));
	for (size_t at = less; at < more; at++)
		REQUIRE(block[at] == 0);
	REQUIRE(faults(end_of(block, more)));
	free(block);
}

static long page_faults(void)
{
	struct rusage usage;

	REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
	return usage.ru_minflt;
}

/* A block that moves because it grows by half is not copied: what is old costs no page fault. */
static void moves_whole_pages(void)
{
	size_t size = (size_t)2 << 20;
	unsigned char *block = malloc(size);
	long faults_for_old = 0;

	REQUIRE(block);
	fill(block, size, 1);
	while (size < (size_t)100 << 20) {
		size_t more = size + size / 2 + 13;
		long before = page_faults();
		block = realloc(block, more);
		faults_for_old += page_faults() - before;
		REQUIRE(block);
		REQUIRE(filled(block, size, 1));
		fill(block, more, 1);
		size = more;
	}
	fprintf(stderr, "%ld page faults in realloc up to %zu bytes\n", faults_for_old, size);
	REQUIRE(faults_for_old < (long)(((size_t)8 << 20) / page));
	free(block);
}

int main(void)
{
	size_t size = FIRST + (size_t)STEP * STEPS;
	unsigned moves;
	unsigned char *block = grow(FIRST, STEP, STEPS, &moves);

	fprintf(stderr, "%u moves while growing from %d to %zu bytes\n", moves, FIRST, size);
	REQUIRE(moves <= MOVES_MOST);
	REQUIRE(faults(end_of(block, size)));
	shrinks(block, size);
	block = grow(FIRST, 5000, 4000, &moves); /* to 20 MB */
	fprintf(stderr, "%u moves while growing to 20 MB\n", moves);
	REQUIRE(moves <= 60);
	free(block);
	moves_whole_pages();
	return 0;
}
