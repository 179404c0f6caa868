/* Children that share the parent's memory, by vfork and by clone(CLONE_VM | CLONE_VFORK), allocate, free
 * and resize on its heap before they exec; the parent goes on with what they left. */
#include "test.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = 150, STACK_BYTES = 64 << 10 };

extern char **environ;

static char *volatile kept, *volatile left;
static int stop;

static void *work(void *arg)
{
	char *held[50] = {NULL};
	uint32_t random = (uint32_t)(uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned slot = next_random(&random) % 50;
		free(held[slot]);
		held[slot] =
		        malloc(next_random(&random) % 30 ? next_random(&random) % 3000 : 200000);
	}
	for (int i = 0; i < 50; i++)
		free(held[i]);
	return NULL;
}

/* What a child does in its parent's memory, as one that builds its arguments does. */
static int be_child(void *arg)
{
	unsigned round = (unsigned)(uintptr_t)arg;
	char **arguments = malloc(10 * sizeof *arguments);

	if (!filled(kept, 5000, round))
		_exit(2);
	free(kept);
	for (size_t size = 1; size < 3000000; size *= 5)
		free(malloc(size));
	fill(left = malloc(2000 + round * 1000), 2000, round);
	arguments[0] = strdup("sh");
	arguments[1] = strdup("-c");
	arguments[2] = realloc(strdup("exit 3"), 50000);
	arguments[3] = NULL;
	if (round % 10 == 0)
		execve("/bin/sh", arguments, environ);
	_exit(3);
}

static pid_t start(unsigned round, char *stack)
{
	void *arg = (void *)(uintptr_t)round;

	if (round % 2) {
		pid_t child = vfork();
		if (child == 0)
			be_child(arg);
		return child;
	}
	return clone(be_child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, arg);
}

int main(void)
{
	char *stack = malloc(STACK_BYTES);
	pthread_t threads[3];
	int status;

	for (uintptr_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		fill(kept = malloc(5000), 5000, round);
		pid_t child = start(round, stack);
		REQUIRE(child > 0);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 3);
		REQUIRE(filled(left, 2000, round));
		free(left);
		free(malloc(5000));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	free(stack);
	return 0;
}
