/* A signal handler that calls malloc and free, or fork, or exit, is served wherever it comes in: between any two
 * instructions of a call that it interrupts, in programs with and without threads. (Sizes of the same class as the
 * interrupted call's are tried with sequences alone: without, such a handler's malloc may get the block that the call is
 * just taking, or giving.)
 * modes: HALLOC_HARDENED=0
 * timeout: 400 */
#include "sequences.h"
#include "test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#ifndef __x86_64__
int main(void)
{
	puts("steps through code as x86-64 does");
	return 77;
}
#else
#include "stepping.h"

enum { CALLS_EVERY = 23, FORKS_EVERY = 1501, KEPT = 20, EXITS = 12 };

static bool forks, is_child;
static unsigned steps, exits_at;
static char *kept[KEPT];

/* Some get no memory, as what serves them is little. */
static void call(size_t size, unsigned i)
{
	char *block = malloc(size);

	if (block == NULL) {
		REQUIRE(errno == ENOMEM);
		return;
	}
	fill(block, size, i);
	if (kept[i] != NULL)
		REQUIRE(filled(kept[i], 80, i));
	REQUIRE(filled(block, size, i));
	if (size == 80) {
		free(kept[i]);
		kept[i] = block;
		return;
	}
	free(block);
}

static void fork_once(void)
{
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		is_child = true; /* and goes on from here */
		stepping = false;
		return;
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)number;
	(void)info;
	if (exits_at != 0 && steps == exits_at)
		exit(0);
	if (stepping && ++steps % CALLS_EVERY == 0) {
		if (has_sequences())
			call(48, steps % KEPT);
		call(80, steps % KEPT);
		call(100, steps % KEPT);
		call(7000, steps % KEPT);
		call(150000, steps % KEPT);
	}
	if (stepping && forks && steps % FORKS_EVERY == 0)
		fork_once();
	if (!stepping)
		stepping_end(context);
	errno = saved;
}

static void work(void)
{
	stepped_make();
	stepped_check();
	step(true);
	stepped_free();
	char *grown = realloc(stepped_grown, 500);
	step(false);
	REQUIRE(filled(grown, 500, 99));
	free(grown);
	if (is_child)
		_exit(0);
}

static void exit_once(unsigned at)
{
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		alarm(60);
		steps = 0;
		exits_at = at;
		work();
		_exit(1);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

static void *waits(void *arg)
{
	pthread_barrier_wait(arg);
	return arg;
}

static void free_kept(void)
{
	for (unsigned i = 0; i < KEPT; i++)
		free(kept[i]);
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	pthread_barrier_t barrier;
	pthread_t thread;

	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	REQUIRE(atexit(free_kept) == 0);
	for (unsigned i = 1; i <= EXITS; i++)
		exit_once(i * i * 37);
	forks = true;
	work();
	forks = false;
	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	REQUIRE(pthread_create(&thread, NULL, waits, &barrier) == 0);
	work();
	pthread_barrier_wait(&barrier);
	REQUIRE(pthread_join(thread, NULL) == 0);
	fprintf(stderr, "%u steps\n", steps);
	return 0;
}
#endif
