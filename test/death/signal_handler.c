/* The crime happens in a handler, on a small stack of its own, that has interrupted malloc or free.
 * expect: double free of */
#include "test.h"
#include <signal.h>
#include <sys/time.h>

static char stack[16384];
static char *block;

static void handle(int number)
{
	static int calls;

	(void)number;
	if (++calls < 20)
		return;
	crime(block);
	free(block);
}

int main(void)
{
	stack_t place = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	struct itimerval often = {{0, 1000}, {0, 1000}};

	block = malloc(1000);
	free(block);
	sigaltstack(&place, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (;;)
		free(malloc(50));
}
