/* Several threads fork at once, while others allocate large and small. */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 4, FORKS = 60 };

static void *work(void *arg)
{
	for (int i = 0; i < FORKS; i++) {
		char *block = malloc(1000), *large = malloc(300000);
		int status;
		pid_t child;

		fill(block, 1000, 5);
		child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			REQUIRE(filled(block, 1000, 5));
			free(block);
			free(large);
			for (size_t size = 1; size < 5000000; size *= 3)
				free(malloc(size));
			_exit(0);
		}
		free(large);
		REQUIRE(waitpid(child, &status, 0) == child && status == 0);
		free(block);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
