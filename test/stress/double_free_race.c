/* Hardened mode: two threads that free a block at the same moment: one of them is told, each time.
 * run: HALLOC_HARDENED=1 HALLOC_ON_ERROR=report */
#include "test.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

enum { ROUNDS = 3000 };

static const size_t sizes[] = {0, 24, 500, 5000, 100000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void *volatile block;
static unsigned ready, done;

/* Both wait for the round, then free at once. */
static void *other(void *arg)
{
	for (unsigned round = 1; round <= ROUNDS * SIZES; round++) {
		while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != round)
			sched_yield();
		free(block);
		__atomic_store_n(&done, round, __ATOMIC_RELEASE);
	}
	return arg;
}

static size_t reports(int file)
{
	size_t bytes = (size_t)lseek(file, 0, SEEK_END), count = 0;
	const char *text = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);

	REQUIRE(text != MAP_FAILED);
	for (size_t at = 0; at + 23 < bytes; at++)
		count += memcmp(text + at, "\nhalloc: double free of", 23) == 0;
	return count;
}

int main(void)
{
	pthread_t thread;
	int file = memfd_create("reports", MFD_CLOEXEC), screen = dup(STDERR_FILENO);

	REQUIRE(dup2(file, STDERR_FILENO) == STDERR_FILENO);
	dprintf(file, "\n");
	REQUIRE(pthread_create(&thread, NULL, other, NULL) == 0);
	for (unsigned round = 1; round <= ROUNDS * SIZES; round++) {
		block = malloc(sizes[round % SIZES]);
		__atomic_store_n(&ready, round, __ATOMIC_RELEASE);
		if (round % 3 == 0)
			sched_yield();
		free(block);
		while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != round)
			sched_yield();
	}
	pthread_join(thread, NULL);
	dup2(screen, STDERR_FILENO);
	size_t told = reports(file);
	if (told != ROUNDS * SIZES)
		fprintf(stderr, "%zu of %d told\n", told, ROUNDS * SIZES);
	return told != ROUNDS * SIZES;
}
