/* Threads whose first allocation makes an arena, while others fork, and handlers that allocate.
 * run: HALLOC_ARENAS=255 */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { ROUNDS = 60, THREADS = 4 };

static void allocate(void)
{
	for (size_t size = 1; size < 300000; size *= 7)
		free(malloc(size));
}

static void *forks(void *arg)
{
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		allocate();
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child && status == 0);
	return arg;
}

static void *begins(void *arg)
{
	allocate();
	return arg;
}

__attribute__((constructor)) static void handlers(void)
{
	pthread_atfork(allocate, allocate, allocate);
}

int main(void)
{
	pthread_t threads[2 * THREADS];

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 2 * THREADS; i++)
			REQUIRE(pthread_create(&threads[i], NULL, i % 2 == 0 ? forks : begins,
			                       NULL) == 0);
		for (int i = 0; i < 2 * THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	return 0;
}
