/* exit, quick_exit and the end of main, in any thread, while the others allocate and the statistics are
 * counted: the heap is walked as it changes. */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 4, RUNS = 60 };

static pthread_barrier_t started;
static int run;

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	char *held[200] = {NULL};

	for (unsigned turn = 0;; turn++) {
		unsigned slot = next_random(&random) % 200;
		size_t size = next_random(&random) % 50 ? next_random(&random) % 5000 : 300000;
		free(held[slot]);
		held[slot] = malloc(size);
		REQUIRE(held[slot]);
		if (turn == 500)
			pthread_barrier_wait(&started);
		if (turn == 2000 && random % 2 && run % 4 == 1 && (uintptr_t)arg == 1)
			exit(7);
	}
	return NULL;
}

static void last_words(void)
{
	for (size_t size = 1; size < 300000; size *= 3)
		free(calloc(1, size));
}

static int be_child(void)
{
	pthread_t threads[THREADS];

	atexit(last_words);
	at_quick_exit(last_words);
	pthread_barrier_init(&started, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	pthread_barrier_wait(&started);
	if (run % 4 == 0)
		quick_exit(7);
	if (run % 4 == 1)
		usleep(2000);
	if (run % 4 == 2)
		exit(7);
	return 7; /* from main */
}

int main(int count, char **arguments)
{
	char number[20], *options[] = {"1", "json:/dev/null", ""};

	if (count > 1) {
		run = atoi(arguments[1]);
		return be_child();
	}
	for (run = 0; run < RUNS; run++) {
		int status;
		pid_t child = fork();

		REQUIRE(child >= 0);
		if (child == 0) {
			alarm(20);
			sprintf(number, "%d", run);
			REQUIRE(setenv("HALLOC_STATS", options[run % 3], 1) == 0);
			if (run % 3 == 0) /* the statistics themselves are not the subject */
				REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) ==
				        STDERR_FILENO);
			execl("/proc/self/exe", "exit_statistics", number, (char *)NULL);
			_exit(9);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
			fprintf(stderr, "run %d: status %#x\n", run, status);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 7);
	}
	return 0;
}
