/* A signal handler that takes and frees memory, more than there is, and trims, comes in at one instruction of a call, at
 * each in turn: of a free for another thread, of the end of a thread, and of mallinfo2. (By steps, each is the first that a
 * thread makes after a signal; so without sequences, or the fast ones would never be.)
 * run: GLIBC_TUNABLES=glibc.pthread.rseq=0 HALLOC_LIMIT=64M
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <malloc.h>
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

enum { BLOCKS = 40, SIZE = 100, NO_SUCH_STEP = 99, REPEATS = 97 };
enum { LARGE_BYTES = 40 << 20, TOO_LARGE_BYTES = 30 << 20 };

struct way {
	const char *name;
	void (*call)(void);
	unsigned stride;
};

static volatile unsigned steps, wanted, repeats;
static void *volatile blocks[BLOCKS];
static pthread_key_t key;
static pthread_barrier_t barrier;

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)number;
	(void)info;
	if (stepping && ++steps == wanted) {
		void *one = malloc(SIZE), *other = malloc(900);
		free(one);
		free(other);
		free(malloc(TOO_LARGE_BYTES));
		malloc_trim(0);
		stepping = repeats != 0;
		wanted += repeats;
	}
	if (!stepping)
		stepping_end(context);
	errno = saved;
}

static void step_ends(void)
{
	if (stepping)
		_exit(NO_SUCH_STEP);
}

static void *makes_blocks(void *unused)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(SIZE);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < 2 * BLOCKS; i++)
		fill(malloc(SIZE), SIZE, i);
	return unused;
}

static void frees_for_another(void)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, makes_blocks, NULL) == 0);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 1; i < 5; i++)
		free(blocks[i]);
	step(true);
	free(blocks[0]);
	step_ends();
	for (unsigned i = 5; i < BLOCKS; i++)
		free(blocks[i]);
	malloc_trim(0);
	pthread_barrier_wait(&barrier);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

/* Another destructor, that comes later. */
static void frees_late(void *unused)
{
	(void)unused;
	step_ends();
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

static void *ends(void *unused)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(SIZE);
	REQUIRE(pthread_setspecific(key, &key) == 0);
	step(true);
	return unused;
}

static void *uses(void *unused)
{
	void *used[4 * BLOCKS];

	for (unsigned i = 0; i < 4 * BLOCKS; i++)
		fill(used[i] = malloc(SIZE), SIZE, i);
	for (unsigned i = 0; i < 4 * BLOCKS; i++) {
		REQUIRE(filled(used[i], SIZE, i));
		free(used[i]);
	}
	return unused;
}

static void thread_ends(void)
{
	pthread_t thread;

	REQUIRE(pthread_key_create(&key, frees_late) == 0);
	REQUIRE(pthread_create(&thread, NULL, ends, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	for (unsigned i = 0; i < 4; i++) {
		REQUIRE(pthread_create(&thread, NULL, uses, NULL) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
	}
}

static void asks(void)
{
	free(malloc(SIZE));
	step(true);
	mallinfo2();
	stepping = false;
	REQUIRE(steps > 10 * REPEATS);
	_exit(NO_SUCH_STEP);
}

static void at_step(const struct way *way)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};

	alarm(60);
	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	REQUIRE(malloc(LARGE_BYTES) != NULL);
	way->call();
	uses(NULL);
	_exit(0);
}

static void each_step(const struct way *way)
{
	int status = 0;

	for (wanted = 1; status == 0; wanted += way->stride) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			at_step(way);
		REQUIRE(waitpid(child, &status, 0) == child);
		if (status != 0 && status != NO_SUCH_STEP << 8)
			fprintf(stderr, "%s: at step %u: status %x\n", way->name, wanted, status);
	}
	REQUIRE(status == NO_SUCH_STEP << 8);
}

int main(void)
{
	each_step(&(struct way){"free for another", frees_for_another, 1});
	each_step(&(struct way){"the end of a thread", thread_ends, 7});
	repeats = REPEATS; /* it is long */
	each_step(&(struct way){"mallinfo2", asks, 1});
	return 0;
}
#endif
