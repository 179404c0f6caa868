/* A program of several threads forks, in a rain of signals, whose handlers allocate and free: none of them comes in where
 * its own thread holds but some of the locks, and waits for one of those for ever.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=50
 * timeout: 60 */
#include "sizes.h"
#include "test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { FORKS = 300 };

static volatile bool done;
static pthread_t forks;

/* Other sizes each time, so that most come to the slow paths. */
static void on_signal(int number)
{
	static size_t size;

	(void)number;
	for (int i = 0; i < 3; i++) {
		size = (size + 700) % 40000;
		free(malloc(size));
	}
}

static void *rain(void *arg)
{
	const struct timespec pause = {0, 20000};

	while (!done) {
		pthread_kill(forks, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return arg;
}

static void *allocate(void *arg)
{
	while (!done)
		allocate_sizes(malloc, realloc, free);
	return arg;
}

int main(void)
{
	pthread_t threads[3];

	forks = pthread_self();
	signal(SIGUSR1, on_signal);
	REQUIRE(pthread_create(&threads[0], NULL, rain, NULL) == 0);
	for (int i = 1; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t child = fork(), ended;

		REQUIRE(child >= 0);
		if (child == 0)
			_exit(0);
		while ((ended = waitpid(child, &status, 0)) == -1 && errno == EINTR)
			;
		REQUIRE(ended == child && status == 0);
	}
	done = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
