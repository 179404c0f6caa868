/* A signal handler that asks after the heap, prints it, or trims it, gets an answer wherever it comes in: between any two
 * instructions of a call that it interrupts, in programs with and without threads. What it is told of is as much as
 * there is: at least what the program holds. (In hardened mode, of a program of one thread.)
 * timeout: 400 */
#include "test.h"
#include <halloc.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#ifndef __x86_64__
int main(void)
{
	puts("steps through code as x86-64 does");
	return 77;
}
#else
#include "stepping.h"

#pragma weak hprint
#pragma weak hdefrag

enum { ASKS_EVERY = 53, HELD = 3 << 20, MOST = 64 << 20 };

static unsigned steps, unprinted;
static FILE *nowhere;
static int nowhere_fd;

static void ask(void)
{
	struct mallinfo2 now = mallinfo2();

	REQUIRE(now.arena + now.hblkhd < MOST);
	REQUIRE(now.arena == now.uordblks + now.fordblks);
	REQUIRE(now.uordblks + now.hblkhd >= HELD);
	REQUIRE(now.uordblks + now.hblkhd < MOST);
	switch (steps / ASKS_EVERY % 4) {
	case 0:
		malloc_trim(0);
		break;
	case 1:
		malloc_stats();
		break;
	case 2:
		REQUIRE(malloc_info(0, nowhere) == 0);
		break;
	case 3:
		if (hprint != NULL && hprint(nowhere_fd) != 0) {
			REQUIRE(errno == EBUSY);
			unprinted++;
		}
		break;
	}
}

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)number;
	(void)info;
	if (stepping && ++steps % ASKS_EVERY == 0)
		ask();
	if (!stepping)
		stepping_end(context);
	errno = saved;
}

static void work(void)
{
	stepped_make();
	step(true);
	struct mallinfo2 counted = mallinfo2();
	malloc_trim(0);
	step(false);
	REQUIRE(counted.hblks >= 1);
	stepped_check();
	step(true);
	stepped_free();
	free(stepped_grown);
	step(false);
}

static void *waits(void *arg)
{
	pthread_barrier_wait(arg);
	return arg;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	const char *hardened = getenv("HALLOC_HARDENED");
	pthread_barrier_t barrier;
	pthread_t thread;
	char *held = malloc(HELD);

	REQUIRE(held != NULL);
	nowhere_fd = open("/dev/null", O_WRONLY);
	nowhere = fopen("/dev/null", "w");
	REQUIRE(nowhere != NULL);
	setvbuf(nowhere, NULL, _IONBF, 0);
	stderr = nowhere;
	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	work();
	if (hardened == NULL || *hardened != '1') {
		REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
		REQUIRE(pthread_create(&thread, NULL, waits, &barrier) == 0);
		work();
		pthread_barrier_wait(&barrier);
		REQUIRE(pthread_join(thread, NULL) == 0);
	}
	dprintf(STDERR_FILENO, "%u steps, not printed %u times\n", steps, unprinted);
	free(held);
	return 0;
}
#endif
