/* child.h - what the tests of rooms share: a function run in a child, and what it said and came to. */
#ifndef CHILD_H
#define CHILD_H

#include "test.h"
#include <signal.h>
#include <sys/wait.h>

/* Text on stderr of the last child, as it was written. */
static char child_said[1 << 16];

/* Runs act in a child whose stderr is read into child_said.
 * Returns: its exit status; or 128 and the number of the signal that ended it. */
static inline int child_run(void (*act)(void *arg), void *arg)
{
	int pipes[2];
	int status = 0;
	size_t length = 0;
	ssize_t got;

	REQUIRE(pipe(pipes) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		act(arg);
		_exit(0);
	}
	close(pipes[1]);
	while ((got = read(pipes[0], child_said + length, sizeof child_said - 1 - length)) > 0)
		length += (size_t)got;
	child_said[length] = '\0';
	close(pipes[0]);
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether act ends by abort, with text among its last words. */
static inline bool child_aborts(void (*act)(void *arg), void *arg, const char *text)
{
	int status = child_run(act, arg);

	if (status == 128 + SIGABRT && strstr(child_said, text) != NULL)
		return true;
	fprintf(stderr, "status %d instead of SIGABRT with \"%s\", saying:\n%s\n", status, text,
	        child_said);
	return false;
}

/* Whether a walker sees each of so many damages, and sees none where there is none. damage does the one whose number
 * it is given, or nothing, and exits with 5 where the walker found all well, else with 6; a claim may end it, too. */
static inline bool child_damages_seen(void (*damage)(void *number), int count)
{
	for (int i = 0; i < count; i++) {
		int status = child_run(damage, &i);
		if (status == 5)
			fprintf(stderr, "damage %d goes unseen\n", i);
		if (status != 6 && status != 128 + SIGABRT)
			return false;
	}
	return child_run(damage, &count) == 5;
}

/* Whether touching the byte at ptr faults. */
static inline void child_touch(void *ptr)
{
	*(volatile char *)ptr = 1;
}

static inline bool faults(void *ptr)
{
	return child_run(child_touch, ptr) == 128 + SIGSEGV;
}

#endif
