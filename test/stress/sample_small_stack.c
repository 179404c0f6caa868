/* An alternate stack of 8 KiB holds the first report of an access, and the frame of a handler for SIGABRT behind it.
 * run: HALLOC_SAMPLE=1
 * modes: HALLOC_ON_ERROR=abort HALLOC_ON_ERROR=report */
#include "test.h"
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { STACK_BYTES = 8 << 10, FRAME_BYTES_MAX = 3500 };

static volatile char *handled;

static void aborts(int number)
{
	(void)number;
	*handled = 1;
}

/* What comes below the stack is a guard. */
static void read_stale(void)
{
	struct sigaction action = {.sa_handler = aborts, .sa_flags = SA_ONSTACK};
	char *place = mmap(NULL, 2 * STACK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(place != MAP_FAILED);
	REQUIRE(mprotect(place + STACK_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) == 0);
	stack_t stack = {.ss_sp = place + STACK_BYTES, .ss_size = STACK_BYTES};
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	REQUIRE(sigaction(SIGABRT, &action, NULL) == 0);
	volatile char *block = malloc(100);
	free((void *)(uintptr_t)block);
	_exit(block[5]);
}

int main(void)
{
	bool carries_on = strcmp(getenv("HALLOC_ON_ERROR"), "report") == 0;
	int status;

	if (getauxval(AT_MINSIGSTKSZ) > FRAME_BYTES_MAX) {
		printf("a frame of %lu bytes is left by signals\n", getauxval(AT_MINSIGSTKSZ));
		return 77;
	}
	handled =
	        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(handled != MAP_FAILED);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0)
		read_stale();
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(carries_on ? status == 0 : WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	REQUIRE(*handled == !carries_on);
	return 0;
}
