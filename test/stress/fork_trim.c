/* A process forks while its threads empty their caches: what was on its way home is in one place alone, so the child,
 * which sends it home, too, finds nothing that was freed twice. */
#include "test.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 2, FORKS = 1000, BLOCKS = 64 };

static int stop;

static void fill_and_trim(void)
{
	char *blocks[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc((i + 1) * 16);
		REQUIRE(blocks[i]);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	malloc_trim(0);
}

static void *work(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		fill_and_trim();
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	int status;

	for (int i = 0; i < THREADS; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, work, NULL));
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			fill_and_trim();
			_exit(0);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(status == 0);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(!pthread_join(threads[i], NULL));
	return 0;
}
