/* Children of vfork allocate for long without a slow path, on the one CPU of all threads: so other threads find their
 * parent's cache idle when a child has lost its processor in the middle of a call. Handlers of some allocate, too.
 * timeout: 60
 * run: HALLOC_PURGE_AFTER_MS=4
 * modes: HALLOC_HARDENED=0 */
#include "idle_caches.h"
#include "test.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { ROUNDS = 20, HELD = 8, BYTES = IDLERS_BYTES, CHILD_MS = 150 };

static char *volatile handlers;

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

int main(void)
{
	char *held[HELD];
	int status;

	signal(SIGALRM, handle);
	idlers_start();
	for (unsigned round = 0; round < ROUNDS; round++) {
		turn(held);
		pid_t child = start(round);
		REQUIRE(child > 0);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 3);
	}
	idlers_end();
	return 0;
}
