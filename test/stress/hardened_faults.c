/* Hardened mode: what touches memory that is not its own faults there and then.
 * modes: HALLOC_HARDENED=1 */
#include "test.h"
#include <signal.h>
#include <sys/wait.h>

static volatile char sink;

static void read_of_nothing(void)
{
	sink = *(volatile char *)malloc(0);
}

static void write_to_nothing(void)
{
	*(volatile char *)calloc(0, 8) = 1;
}

static void behind_large(void)
{
	volatile char *block = malloc(100000);

	block[100000 + 100] = 1;
}

static void before_large(void)
{
	volatile char *block = malloc(100000);

	block[-4096] = 1;
}

static void large_after_free(void)
{
	volatile char *block = malloc(100000);

	free((void *)block);
	sink = block[50000];
}

/* Far behind a small block: the guard of its slab. */
static void behind_slab(void)
{
	volatile char *block = malloc(64);

	for (size_t at = 0; at < 200000; at += 64)
		sink = block[at];
}

static bool faults(void (*crime)(void))
{
	int status;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		crime();
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

int main(void)
{
	REQUIRE(faults(read_of_nothing));
	REQUIRE(faults(write_to_nothing));
	REQUIRE(faults(behind_large));
	REQUIRE(faults(before_large));
	REQUIRE(faults(large_after_free));
	REQUIRE(faults(behind_slab));
	return 0;
}
