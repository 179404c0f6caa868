/* A thread that ends gives idle memory back, and is interrupted there by a signal handler that allocates: it is served.
 * run: HALLOC_PURGE_AFTER_MS=20
 * modes: HALLOC_HARDENED=0 HALLOC_SAMPLE=100 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { BLOCKS = 400, SIZE = 5000 };

static volatile bool leaves;
static volatile sig_atomic_t purges, handled;

/* In the place of the C library's, for the library as well. */
int madvise(void *start, size_t bytes, int advice)
{
	if (leaves && advice == MADV_DONTNEED) {
		purges++;
		raise(SIGUSR1);
	}
	return (int)syscall(SYS_madvise, start, bytes, advice);
}

static void handle(int number)
{
	char *block = malloc(100);

	(void)number;
	if (block != NULL)
		fill(block, 100, 1);
	free(block);
	handled++;
}

/* Leaves idle memory in the arena of the thread. */
static void leave_idle(void)
{
	char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		fill(blocks[i] = malloc(SIZE), SIZE, (unsigned)i);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

static void *work(void *arg)
{
	leave_idle();
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	leaves = true;
	return arg;
}

int main(void)
{
	pthread_t thread;

	signal(SIGUSR1, handle);
	leave_idle(); /* the first arena, which serves a thread that has ended its cache */
	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	leaves = false;
	REQUIRE(purges > 0);
	REQUIRE(handled == purges);
	return 0;
}
