/* A program without threads may fork in a signal handler, wherever that comes in: in malloc, in free, or in fork. Its
 * child exits, or goes on from there.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=1
 * timeout: 400 */
#include "sizes.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { ROUNDS = 200 };

static volatile sig_atomic_t handled;
static volatile sig_atomic_t is_child;

static void allocate(void)
{
	allocate_sizes(malloc, realloc, free);
}

static void be_child(void)
{
	allocate();
	_exit(0);
}

static void wait_for(pid_t child)
{
	int status = 0;
	pid_t ended = waitpid(child, &status, 0);

	/* A process that the handler made meanwhile has no children. */
	if (is_child)
		be_child();
	REQUIRE(ended == child);
	REQUIRE(status == 0);
}

static void on_alarm(int number)
{
	pid_t child = fork();

	(void)number;
	if (child != 0)
		wait_for(child);
	else if (handled % 2 == 0)
		is_child = 1;
	else
		_exit(0);
	handled++;
}

static void fork_once(void)
{
	pid_t child = fork();

	if (child == 0)
		be_child();
	wait_for(child);
}

int main(void)
{
	struct itimerval timer = {0};

	signal(SIGALRM, on_alarm);
	for (int round = 0; round < ROUNDS; round++) {
		sig_atomic_t before = handled;
		timer.it_value.tv_usec = 1 + round * 3 / 2;
		REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
		if (round % 2 == 0)
			fork_once();
		while (handled == before)
			allocate();
		if (is_child)
			be_child();
	}
	return 0;
}
