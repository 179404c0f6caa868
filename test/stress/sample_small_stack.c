/* An alternate stack of 8 KiB holds the first report of an access, and the frame of a handler for SIGABRT behind it; where
 * the processor has frames above 3,500 bytes, one that is so much larger.
 * run: HALLOC_SAMPLE=1
 * modes: HALLOC_ON_ERROR=abort HALLOC_ON_ERROR=report */
#include "test.h"
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { STACK_BYTES = 8 << 10, FRAME_BYTES_MAX = 3500 };

static volatile char *handled;

/* In whole OS pages. */
static size_t stack_bytes(void)
{
	size_t frame = getauxval(AT_MINSIGSTKSZ);
	size_t more = frame > FRAME_BYTES_MAX ? 2 * (frame - FRAME_BYTES_MAX) : 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (STACK_BYTES + more + page - 1) & -page;
}

static void aborts(int number)
{
	(void)number;
	*handled = 1;
}

/* What comes below the stack is a guard. */
static void read_stale(void)
{
	struct sigaction action = {.sa_handler = aborts, .sa_flags = SA_ONSTACK};
	size_t bytes = stack_bytes();
	char *place = mmap(NULL, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(place != MAP_FAILED);
	REQUIRE(mprotect(place + bytes, bytes, PROT_READ | PROT_WRITE) == 0);
	stack_t stack = {.ss_sp = place + bytes, .ss_size = bytes};
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
