/* exit while threads run: handlers and destructors may allocate and free to the very end. */
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

static char *kept[100];

static void *work(void *arg)
{
	for (;;) {
		void *blocks[20];
		for (size_t i = 0; i < 20; i++)
			blocks[i] = malloc(i * i * 30 + 1);
		for (int i = 0; i < 20; i++)
			free(blocks[i]);
	}
	return arg;
}

static void handler(void)
{
	for (unsigned i = 0; i < 100; i++) {
		REQUIRE(filled(kept[i], 10 + i * 50, i));
		free(kept[i]);
		kept[i] = malloc(20 + i);
	}
	free(malloc(1 << 20));
}

__attribute__((destructor)) static void last(void)
{
	free(malloc(500));
	for (int i = 0; i < 100; i++)
		free(kept[i]);
	REQUIRE(write(STDERR_FILENO, ".", 1) == 1);
}

static void be_child(void)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 100; i++)
		fill(kept[i] = malloc(10 + i * 50), 10 + i * 50, i);
	atexit(handler);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	usleep(1000);
	exit(6);
}

int main(void)
{
	for (int i = 0; i < 100; i++) {
		int status;
		pid_t child = fork();

		REQUIRE(child >= 0);
		if (child == 0)
			be_child();
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 6);
	}
	_exit(0);
}
