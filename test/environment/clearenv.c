/* A program that clears, replaces or spoils its environment keeps its heap, and the options of its start. */
#include "test.h"
#include <malloc.h>
#include <sys/wait.h>

extern char **environ;

static void use_heap(void)
{
	char *block = NULL;

	for (size_t size = 1; size < 5000000; size *= 2) {
		REQUIRE((block = realloc(block, size)));
		block[size - 1] = 1;
		free(malloc(size));
	}
	free(block);
	malloc_trim(0);
}

static void in_child(void (*act)(void))
{
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		act();
		use_heap();
		exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

static void clear(void)
{
	REQUIRE(clearenv() == 0);
	use_heap();
	REQUIRE(setenv("HALLOC_ARENAS", "nonsense, too late to be read", 1) == 0);
}

static void no_environ(void)
{
	environ = NULL;
}

static void own_environ(void)
{
	char **variables = calloc(3, sizeof *variables);

	variables[0] = strdup("A=1");
	variables[1] = strdup("HALLOC_ON_ERROR=nothing");
	environ = variables;
	for (int i = 0; i < 200; i++) { /* glibc moves it to the heap, and grows it */
		char name[20];
		sprintf(name, "NAME%d", i);
		REQUIRE(setenv(name, "value", 1) == 0);
	}
}

/* What comes on stderr of this program, started with these variables and what the loader needs. */
static void again(char *const variables[], const char *said)
{
	char *arguments[] = {"clearenv", "again", NULL}, text[1000] = "";
	int pipes[2], status;
	ssize_t got;
	pid_t child;

	REQUIRE(pipe(pipes) == 0);
	child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execve("/proc/self/exe", arguments, variables);
		_exit(9);
	}
	close(pipes[1]);
	for (size_t length = 0;
	     (got = read(pipes[0], text + length, sizeof text - 1 - length)) > 0;)
		length += (size_t)got;
	close(pipes[0]);
	REQUIRE(waitpid(child, &status, 0) == child);
	if (status || strcmp(text, said) != 0)
		fprintf(stderr, "status %#x, says: %s\n", status, text);
	REQUIRE(status == 0);
	REQUIRE(strcmp(text, said) == 0);
}

int main(int count, char **arguments)
{
	static char preload[5000];
	const char *library = getenv("LD_PRELOAD");

	(void)arguments;
	if (count > 1) {
		use_heap();
		return 0;
	}
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library ? library : "");
	in_child(clear);
	in_child(no_environ);
	in_child(own_environ);

	again((char *[]){preload, NULL}, "");
	/* entries of odd forms, which are nobody's option */
	again((char *[]){"HALLOC_", "HALLOC_ARENAS", "=x", "", "HALLOC", "halloc_arenas=x",
	                 "XHALLOC_ARENAS=x", "HALLOCARENAS=x", preload, NULL},
	      "");
	again((char *[]){NULL}, "");
	if (!library || !*library)
		return 0;
	/* One that appears twice: each of the values is looked at, and gets its line. */
	again((char *[]){"HALLOC_ARENAS=x", "HALLOC_ARENAS=2", preload, NULL},
	      "halloc: warning: HALLOC_ARENAS: \"x\" is not a number from 0 to 255; "
	      "keeping the default\n");
	again((char *[]){"HALLOC_ARENAS=2", "HALLOC_ARENAS=4", preload, NULL}, "");
	return 0;
}
