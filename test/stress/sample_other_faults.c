/* Faults that no guard made end the program as ever, and are not told as misuse: of a live block that the program has
 * protected itself, or that it jumps into. A jump into what was freed is told, once.
 * run: HALLOC_SAMPLE=1
 * modes: HALLOC_ON_ERROR=abort HALLOC_ON_ERROR=report */
#include "test.h"
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { PAGE = 4096, LATE_S = 20 };

static void call(const char *block)
{
	((void (*)(void))(uintptr_t)block)();
}

static void call_live(void)
{
	call(malloc(PAGE));
}

static void call_freed(void)
{
	char *block = malloc(PAGE);

	free(block);
	call(block);
}

static void write_protected(void)
{
	volatile char *block = memalign(PAGE, PAGE);

	REQUIRE(mprotect((void *)(uintptr_t)block, PAGE, PROT_READ) == 0);
	block[5] = 1;
}

/* What ended a child, and how many reports it made. */
static int ended_by(void (*act)(void), unsigned *reports)
{
	static char text[1 << 20];
	size_t length = 0;
	ssize_t more;
	int status, ends[2];

	REQUIRE(pipe(ends) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
		alarm(LATE_S);
		act();
		_exit(0);
	}
	close(ends[1]);
	while ((more = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	close(ends[0]);
	REQUIRE(waitpid(child, &status, 0) == child);
	*reports = 0;
	for (const char *at = text; (at = strstr(at, ": byte ")) != NULL; at++)
		(*reports)++;
	REQUIRE(WIFSIGNALED(status));
	return WTERMSIG(status);
}

int main(void)
{
	bool carries_on = strcmp(getenv("HALLOC_ON_ERROR"), "report") == 0;
	unsigned reports;

	REQUIRE(ended_by(call_live, &reports) == SIGSEGV);
	REQUIRE(reports == 0);
	REQUIRE(ended_by(write_protected, &reports) == SIGSEGV);
	REQUIRE(reports == 0);
	REQUIRE(ended_by(call_freed, &reports) == (carries_on ? SIGSEGV : SIGABRT));
	REQUIRE(reports == 1);
	return 0;
}
