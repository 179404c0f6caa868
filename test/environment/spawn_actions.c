/* posix_spawn from several threads at once, with file actions and attributes that live on the heap. */
#include "test.h"
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { THREADS = 4, ROUNDS = 25 };

static void *work(void *arg)
{
	for (int round = 0; round < ROUNDS; round++) {
		char words[100], line[200] = "", **variables = calloc(101, sizeof *variables);
		char *arguments[] = {strdup("sh"), strdup("-c"), strdup("echo $NUMBER; exit 4"),
		                     NULL};
		const char *library = getenv("LD_PRELOAD");
		posix_spawn_file_actions_t actions;
		posix_spawnattr_t attributes;
		sigset_t none;
		int pipes[2], status;
		pid_t child;

		for (int i = 0; i < 100; i++)
			REQUIRE(asprintf(&variables[i], "NUMBER=%d", round) > 0);
		if (library) {
			free(variables[99]);
			REQUIRE(asprintf(&variables[99], "LD_PRELOAD=%s", library) > 0);
		}
		REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
		REQUIRE(posix_spawn_file_actions_init(&actions) == 0);
		for (int i = 0; i < 30; i++) /* grows an array */
			REQUIRE(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY,
			                                         0) == 0);
		REQUIRE(posix_spawn_file_actions_adddup2(&actions, pipes[1], 1) == 0);
		sigemptyset(&none);
		REQUIRE(posix_spawnattr_init(&attributes) == 0);
		REQUIRE(posix_spawnattr_setsigmask(&attributes, &none) == 0);
		REQUIRE(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) == 0);
		REQUIRE(posix_spawnp(&child, "sh", &actions, &attributes, arguments, variables) ==
		        0);
		close(pipes[1]);
		REQUIRE(read(pipes[0], line, sizeof line - 1) > 0);
		close(pipes[0]);
		sprintf(words, "%d\n", round);
		REQUIRE(strcmp(line, words) == 0);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 4);
		posix_spawn_file_actions_destroy(&actions);
		posix_spawnattr_destroy(&attributes);
		for (int i = 0; i < 100; i++)
			free(variables[i]);
		free(variables);
		for (int i = 0; i < 3; i++)
			free(arguments[i]);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
