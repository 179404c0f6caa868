/* A program's handler of SIGABRT may allocate, and so may another thread: no lock is held where a crime is
 * reported.
 * run: HALLOC_BACKTRACE=1
 * timeout: 400 */
#include "sizes.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { CAUGHT = 9 };

static void *allocates(void *arg)
{
	allocate_sizes(malloc, realloc, free);
	return arg;
}

static void on_abort(int number)
{
	pthread_t thread;

	(void)number;
	allocates(NULL);
	REQUIRE(pthread_create(&thread, NULL, allocates, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	_exit(CAUGHT);
}

static void overflow(size_t size)
{
	volatile char *block = malloc(size);

	block[size] = 'x';
	free((void *)(uintptr_t)block);
}

static void overflow_neighbour(void)
{
	char *blocks[64];

	for (int i = 0; i < 64; i++)
		blocks[i] = malloc(24);
	for (int i = 0; i < 64; i += 2)
		((volatile char *)blocks[i])[24] = 'x';
	for (int i = 1; i < 64; i += 2)
		free(blocks[i]);
}

static void overflow_realloc(void)
{
	volatile char *block = malloc(20);

	block[20] = 'x';
	REQUIRE(realloc((void *)(uintptr_t)block, 21));
}

static void write_after_free(void)
{
	volatile char *block = malloc(100);

	free((void *)(uintptr_t)block);
	block[50] = 'x';
	for (int i = 0; i < 100000; i++)
		free(malloc(100));
}

static void double_free(void)
{
	void *volatile block = malloc(100);

	free(block);
	free(block);
}

static void free_inside(void)
{
	char *volatile block = malloc(300000);

	free(block + 16);
}

static void commit(int crime)
{
	switch (crime) {
	case 0:
		double_free();
		break;
	case 1:
		free_inside();
		break;
	case 2:
		overflow(20);
		break;
	case 3:
		overflow(100001);
		break;
	case 4:
		overflow_neighbour();
		break;
	case 5:
		overflow_realloc();
		break;
	default:
		write_after_free();
	}
}

int main(int argc, char **argv)
{
	int crimes = argc > 1 ? 7 : 2; /* the rest can be told in hardened mode alone */
	int status = 0;

	for (int crime = 0; crime < crimes; crime++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			alarm(10);
			signal(SIGABRT, on_abort);
			commit(crime);
			_exit(0);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != CAUGHT)
			fprintf(stderr, "crime %d ends with %#x\n", crime, (unsigned)status);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == CAUGHT);
	}
	if (argc > 1)
		return 0;
	REQUIRE(setenv("HALLOC_HARDENED", "1", 1) == 0);
	execl("/proc/self/exe", argv[0], "hardened", NULL);
	return 1;
}
