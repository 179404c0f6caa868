/* A thread has slept, and another has taken its cache and emptied it; then it ends, and a signal handler that comes in at one
 * instruction of that, at each in turn, takes and frees memory.
 * modes: HALLOC_HARDENED=0 HALLOC_SAMPLE=50 */
#include "test.h"

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

enum { BLOCKS = 50, SIZE = 40, STRIDE = 7 };

static pthread_key_t key;
static pthread_barrier_t barrier;
static volatile unsigned steps, wanted;

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)number;
	(void)info;
	if (stepping && ++steps == wanted) {
		char *block = malloc(SIZE);
		if (block != NULL)
			fill(block, SIZE, 7);
		REQUIRE(block == NULL || filled(block, SIZE, 7));
		free(block);
	}
	if (!stepping)
		stepping_end(context);
	errno = saved;
}

/* Another destructor, that comes later. */
static void ends(void *unused)
{
	(void)unused;
	stepping = false;
}

static void *sleeps(void *unused)
{
	void *blocks[BLOCKS];

	REQUIRE(pthread_setspecific(key, &key) == 0);
	for (unsigned i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(SIZE);
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	step(true);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	pthread_t thread;

	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	REQUIRE(pthread_key_create(&key, ends) == 0);
	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	for (wanted = 1; wanted <= steps + STRIDE + 1; wanted += STRIDE) {
		steps = 0;
		REQUIRE(pthread_create(&thread, NULL, sleeps, NULL) == 0);
		pthread_barrier_wait(&barrier);
		usleep(1000);
		malloc_trim(0);
		pthread_barrier_wait(&barrier);
		REQUIRE(pthread_join(thread, NULL) == 0);
	}
	return 0;
}
#endif
