/* A process forks while its threads allocate; children use the heap, fork again, start threads. */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 8, FORKS = 60, SHARED = 200 };

static char *shared[SHARED];
static int stop;

static void churn(uint32_t *random, int rounds)
{
	char *held[32] = {NULL};

	while (rounds-- > 0) {
		unsigned slot = next_random(random) % 32;
		free(held[slot]);
		held[slot] = malloc(next_random(random) % 50 ? next_random(random) % 600 : 70000);
		REQUIRE(held[slot]);
	}
	for (int i = 0; i < 32; i++)
		free(held[i]);
}

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		churn(&random, 1000);
	return NULL;
}

static void *work_once(void *arg)
{
	uint32_t random = 77;

	churn(&random, 2000);
	return arg;
}

static void wait_for(pid_t child)
{
	int status;

	REQUIRE(child > 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status));
	REQUIRE(WEXITSTATUS(status) == 7);
}

static void be_child(unsigned number)
{
	uint32_t random = number + 1;
	pthread_t thread;
	pid_t child;

	for (unsigned i = 0; i < SHARED; i++) { /* the parent's blocks are the child's too */
		REQUIRE(filled(shared[i], 100 + i * 10, i));
		free(shared[i]);
	}
	churn(&random, 2000);
	if (number % 4 == 0) {
		REQUIRE(pthread_create(&thread, NULL, work_once, NULL) == 0);
		churn(&random, 2000);
		pthread_join(thread, NULL);
	}
	if (number % 3 == 0) {
		child = fork();
		if (child == 0) {
			churn(&random, 500);
			_exit(7);
		}
		wait_for(child);
	}
	if (number % 2)
		exit(7);
	_exit(7);
}

int main(void)
{
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < SHARED; i++)
		fill(shared[i] = malloc(100 + i * 10), 100 + i * 10, i);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (unsigned i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (child == 0)
			be_child(i);
		wait_for(child);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < SHARED; i++)
		REQUIRE(filled(shared[i], 100 + i * 10, i));
	return 0;
}
