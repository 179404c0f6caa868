/* A handler for fork that was registered before ours, with the C library itself, forks, and its child ends, or goes on with
 * the fork that is under way; other threads allocate, and fork themselves. (Before glibc 2.36 such a fork waits for ever by
 * itself.)
 * library: forker */
#include "forker.h"
#include "test.h"
#include <gnu/libc-version.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

enum { ALLOCATE = 2, FORK = 2, FORKS = 40 };

static __thread unsigned turn;
static __thread bool within;
static bool stop;

static void use_heap(void)
{
	enum { BLOCKS = 40 };
	char *blocks[BLOCKS];

	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(i * i * i * 3);
		REQUIRE(blocks[i] != NULL);
		fill(blocks[i], i * i * i * 3, i);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		REQUIRE(filled(blocks[i], i * i * i * 3, i));
		free(blocks[i]);
	}
	malloc_trim(0);
}

static void expect_well(pid_t child)
{
	int status;

	REQUIRE(child > 0);
	while (waitpid(child, &status, 0) != child)
		REQUIRE(errno == EINTR);
	REQUIRE(status == 0);
}

static void *write_and_allocate(void *arg)
{
	FILE *stream = fopen("/dev/null", "w");

	REQUIRE(stream != NULL);
	fprintf(stream, "%d\n", (int)gettid());
	fflush(NULL);
	fclose(stream);
	use_heap();
	return arg;
}

/* With threads again, that use the heap and stdio. */
static void live_on(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, write_and_allocate, NULL) == 0);
	write_and_allocate(NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* In each place by turns; every other child goes on from here. */
static void fork_within(enum forker_place place)
{
	use_heap();
	if (within || turn % 3 != place)
		return;
	within = true;
	pid_t child = fork();
	use_heap();
	if (child == 0) {
		alarm(250);
		if (turn % 2 != 0)
			_exit(0);
		turn = FORKS; /* the last */
		return;
	}
	expect_well(child);
	within = false;
}

static void *allocate(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		use_heap();
	return arg;
}

static void *fork_often(void *arg)
{
	for (turn = 0; turn < FORKS; turn++) {
		pid_t child = fork();
		/* Or it is a child that went on, whose fork may have been over for its parent. */
		if (child == 0 || turn >= FORKS) {
			live_on();
			_exit(0);
		}
		expect_well(child);
	}
	return arg;
}

int main(void)
{
	pthread_t allocating[ALLOCATE], forking[FORK];

	if (strcmp(gnu_get_libc_version(), "2.36") < 0)
		return 77;
	forker_call_within = fork_within;
	for (int i = 0; i < ALLOCATE; i++)
		REQUIRE(pthread_create(&allocating[i], NULL, allocate, NULL) == 0);
	for (int i = 0; i < FORK; i++)
		REQUIRE(pthread_create(&forking[i], NULL, fork_often, NULL) == 0);
	for (int i = 0; i < FORK; i++)
		pthread_join(forking[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < ALLOCATE; i++)
		pthread_join(allocating[i], NULL);
	return 0;
}
