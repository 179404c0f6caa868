/* The thread in the background keeps no process whose threads have ended, however long it would pause. It may be the last of
 * them then, on which handlers for exit run: with the stack that other threads have, and no signals blocked. And it starts in
 * a program that has much for each thread.
 * run: HALLOC_BACKGROUND=1 HALLOC_PURGE_AFTER_MS=3600000 */
#include "test.h"
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { EACH_BYTES = 300 << 10, STACK_BYTES = 1 << 20 };

static __thread char each[EACH_BYTES];

static void at_exit(void)
{
	volatile char *room = alloca(STACK_BYTES);
	sigset_t blocked;

	for (int i = 0; i < STACK_BYTES; i += 1024)
		room[i] = 1;
	REQUIRE(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0);
	REQUIRE(!sigismember(&blocked, SIGTERM));
	_exit(7);
}

static void in_child_that_leaves(void)
{
	int status = -1;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		alarm(20);
		REQUIRE(atexit(at_exit) == 0);
		usleep(100000);
		pthread_exit(NULL);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static bool has_two_threads(void)
{
	char text[4096];
	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	REQUIRE(file >= 0);
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	REQUIRE(length > 0);
	text[length] = '\0';
	return strstr(text, "\nThreads:\t2\n") != NULL;
}

int main(void)
{
	each[1] = 1;
	REQUIRE(has_two_threads());
	for (int i = 0; i < 4; i++)
		in_child_that_leaves();
	return 0;
}
