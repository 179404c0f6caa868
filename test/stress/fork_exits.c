/* The process exits while its threads allocate and fork: it ends, and so do its children, which allocate.
 * timeout: 120 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { ROUNDS = 60, THREADS = 3, MOST_SECONDS = 20 };

static void turn(uint32_t *random)
{
	char *held[40];

	for (unsigned i = 0; i < 40; i++)
		held[i] = malloc(next_random(random) % (i % 10 == 0 ? 200000 : 2000));
	for (unsigned i = 0; i < 40; i++)
		free(held[i]);
}

static void *allocate(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (;;)
		turn(&random);
}

static void *forks(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (;;) {
		pid_t child = fork();
		if (child == 0) {
			for (int i = 0; i < 20; i++)
				turn(&random);
			_exit(0);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
	}
}

/* Leaves while they are at it, by way of exit. */
__attribute__((noreturn)) static void busy(unsigned round)
{
	pthread_t thread;

	setpgid(0, 0);
	for (uintptr_t i = 1; i <= THREADS; i++) {
		REQUIRE(pthread_create(&thread, NULL, allocate, (void *)i) == 0);
		REQUIRE(pthread_create(&thread, NULL, forks, (void *)(i + THREADS)) == 0);
	}
	usleep(5000 + 1000 * (round % 30));
	exit(0);
}

static volatile pid_t group;

static void too_long(int number)
{
	static const char text[] = "somebody waits for ever\n";

	(void)number;
	kill(-group, SIGKILL);
	_exit(write(STDERR_FILENO, text, sizeof text - 1) < 0 ? 3 : 1);
}

int main(void)
{
	int status;

	/* Its children's children become ours. */
	REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	signal(SIGALRM, too_long);
	for (unsigned round = 0; round < ROUNDS; round++) {
		group = fork();
		REQUIRE(group >= 0);
		if (group == 0)
			busy(round);
		setpgid(group, group);
		alarm(MOST_SECONDS);
		while (waitpid(-1, &status, 0) > 0)
			REQUIRE(WIFEXITED(status));
		alarm(0);
	}
	return 0;
}
