/* Children made past fork's handlers (clone, clone3 and fork by system call, _Fork) while other threads
 * hold blocks and caches, but no lock: the child has the whole heap, and may fork and start threads. */
#include "test.h"
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { THREADS = 4, HELD = 300, ROUNDS = 40 };

static char *blocks[THREADS][HELD];
static pthread_barrier_t held, over;

static size_t size_of(unsigned i)
{
	return i % 50 == 0 ? 200000 : i * 7 + 1;
}

static void *work(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < HELD; i++) { /* some left in magazines */
		free(malloc(size_of(i)));
		fill(blocks[number][i] = malloc(size_of(i)), size_of(i), number);
	}
	pthread_barrier_wait(&held);
	pthread_barrier_wait(&over);
	for (unsigned i = 0; i < HELD; i++) {
		REQUIRE(filled(blocks[number][i], size_of(i), number));
		free(blocks[number][i]);
	}
	return NULL;
}

static void *work_in_child(void *arg)
{
	for (size_t size = 1; size < 1000000; size *= 3)
		free(malloc(size));
	return arg;
}

static pid_t start(unsigned round)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};

	switch (round % 4) {
	case 0:
		return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	case 1:
		return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
	case 2:
#ifdef SYS_fork
		return (pid_t)syscall(SYS_fork);
#endif
	default:
		return _Fork();
	}
}

static void be_child(unsigned round)
{
	pthread_t thread;
	int status;

	for (unsigned number = 0; number < THREADS; number++)
		for (unsigned i = 0; i < HELD; i++) {
			char *block = blocks[number][i];
			REQUIRE(filled(block, size_of(i), number));
			block = realloc(block, size_of(i) * 2);
			REQUIRE(filled(block, size_of(i), number));
			free(block);
		}
	work_in_child(NULL);
	if (round % 4 == 3) { /* the only one that glibc knows of */
		REQUIRE(pthread_create(&thread, NULL, work_in_child, NULL) == 0);
		pthread_join(thread, NULL);
		pid_t child = fork();
		if (child == 0) {
			work_in_child(NULL);
			_exit(5);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	}
	_exit(6);
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&held, NULL, THREADS + 1);
	pthread_barrier_init(&over, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	pthread_barrier_wait(&held);
	for (unsigned round = 0; round < ROUNDS; round++) {
		pid_t child = start(round);
		int status;

		if (child < 0 && errno == ENOSYS) /* clone3 under a container's filter */
			continue;
		REQUIRE(child >= 0);
		if (child == 0)
			be_child(round);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 6);
	}
	pthread_barrier_wait(&over);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
