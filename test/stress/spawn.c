/* posix_spawn, vfork, system and popen from a process whose threads allocate. */
#include "test.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static int stop;

static void *work(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		for (size_t size = 1; size < 100000; size = size * 2 + 1)
			free(malloc(size));
	return arg;
}

static void wait_for(pid_t child, int expected)
{
	int status;

	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status));
	REQUIRE(WEXITSTATUS(status) == expected);
}

int main(void)
{
	char *arguments[] = {"sh", "-c", "exit 3", NULL};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 40; i++) {
		char line[10] = "";
		FILE *pipe;
		pid_t child;

		REQUIRE(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
		wait_for(child, 3);
		child = vfork();
		if (child == 0) {
			execve("/bin/sh", arguments, environ);
			_exit(9);
		}
		wait_for(child, 3);
		REQUIRE(WEXITSTATUS(system("exit 4")) == 4);
		pipe = popen("echo ok", "r");
		REQUIRE(fgets(line, sizeof line, pipe) && strcmp(line, "ok\n") == 0);
		pclose(pipe);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
