/* Children of vfork allocate for long without a slow path, on the one CPU of all threads: so other threads find their
 * parent's cache idle when a child has lost its processor in the middle of a call. Handlers of some allocate, too.
 * timeout: 60
 * run: HALLOC_PURGE_AFTER_MS=4
 * modes: HALLOC_HARDENED=0 */
#include "test.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { ROUNDS = 20, HELD = 8, BYTES = 100, CHILD_MS = 150 };

static int stop;
static char *volatile handlers;

/* With something at hand, and by slow paths. */
static void *work(void *arg)
{
	free(malloc(BYTES));
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		free(malloc(100000));
	return arg;
}

/* Keeps a block, and gives back the one before. */
static void handle(int number)
{
	char *before = handlers;

	(void)number;
	if (before != NULL)
		REQUIRE(filled(before, BYTES, HELD));
	free(before);
	handlers = malloc(BYTES);
	fill(handlers, BYTES, HELD);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void turn(char *held[HELD])
{
	for (unsigned i = 0; i < HELD; i++) {
		held[i] = malloc(BYTES);
		*(volatile unsigned *)held[i] = i;
	}
	for (unsigned i = 0; i < HELD; i++)
		REQUIRE(*(volatile unsigned *)held[i] == i);
	for (unsigned i = 0; i < HELD; i++)
		free(held[i]);
}

__attribute__((noreturn)) static void be_child(bool handles)
{
	struct itimerval each = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
	char *held[HELD];

	setitimer(ITIMER_REAL, handles ? &each : &none, NULL);
	for (long end = now_ms() + CHILD_MS; now_ms() < end;)
		for (int i = 0; i < 100; i++)
			turn(held);
	setitimer(ITIMER_REAL, &none, NULL);
	_exit(3);
}

/* Every third is made by another such child. */
static pid_t start(unsigned round)
{
	bool handles = round >= ROUNDS / 2;
	int status = 0;

	pid_t child = vfork();
	if (child == 0 && round % 3 == 0) {
		child = vfork();
		if (child != 0)
			_exit(waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 4);
	}
	if (child == 0)
		be_child(handles);
	return child;
}

static void one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
}

int main(void)
{
	char *held[HELD];
	pthread_t threads[2];
	int status;

	one_cpu();
	signal(SIGALRM, handle);
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		turn(held);
		pid_t child = start(round);
		REQUIRE(child > 0);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 3);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
