/* Each generation has threads with full caches, and forks the next, in which they are no more: what their caches
 * held is used again.
 * timeout: 400 */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { GENERATIONS = 40, THREADS = 4, SIZES = 40, BLOCKS = 32 };

static pthread_barrier_t filled_all;

static void *fill_cache(void *arg)
{
	char *blocks[BLOCKS];

	for (size_t size = 16; size <= (size_t)16 * SIZES; size += 16) {
		for (int i = 0; i < BLOCKS; i++)
			memset(blocks[i] = malloc(size), 1, size);
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
	}
	pthread_barrier_wait(&filled_all);
	for (;;)
		pause();
	return arg;
}

static void threads_start(void)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&filled_all, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&thread, &small, fill_cache, NULL) == 0);
	pthread_barrier_wait(&filled_all);
}

int main(void)
{
	size_t early = 0;
	int status;

	for (int generation = 0; generation < GENERATIONS; generation++) {
		threads_start();
		if (generation == 4)
			early = resident_bytes();
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child != 0) {
			REQUIRE(waitpid(child, &status, 0) == child);
			_exit(status != 0);
		}
	}
	size_t late = resident_bytes();
	dprintf(STDERR_FILENO, "%zu KiB, then %zu KiB\n", early / 1024, late / 1024);
	_exit(late > early + early / 2 + (4 << 20));
}
