/* A report waits for others that wait for memory: standard error is a full pipe, whose reader allocates first; or the
 * calling stack is to be printed while another thread loads a library. No lock is held meanwhile, and the program ends.
 * run: HALLOC_HARDENED=1 HALLOC_ARENAS=1 HALLOC_BACKTRACE=1
 * timeout: 100 */
#include "sizes.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SMALL = 100, LARGE = 100001, HEAD_START_US = 100000 };

static char fifo[4096];

static void overflow(size_t size)
{
	volatile char *block = malloc(size);

	block[size] = 'x';
	free((void *)(uintptr_t)block);
}

static void *reads_late(void *arg)
{
	int *ends = arg;
	char text[4096];

	usleep(HEAD_START_US);
	allocate_sizes(malloc, realloc, free);
	while (read(ends[0], text, sizeof text) > 0)
		continue;
	return NULL;
}

static void report_into_full_pipe(size_t size)
{
	static int ends[2];
	pthread_t reader;

	REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
	while (write(ends[1], "", 1) == 1)
		continue;
	REQUIRE(fcntl(ends[1], F_SETFL, 0) == 0);
	REQUIRE(fcntl(ends[0], F_SETFL, 0) == 0);
	REQUIRE(pthread_create(&reader, NULL, reads_late, ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	overflow(size);
}

/* The loader, which is locked, waits for somebody to write; then it allocates, to say that this is no library. */
static void *loads(void *arg)
{
	dlopen(fifo, RTLD_NOW);
	return arg;
}

static void *lets_it_load(void *arg)
{
	usleep(2 * HEAD_START_US);
	REQUIRE(close(open(fifo, O_WRONLY)) == 0);
	return arg;
}

static void report_while_loading(size_t size)
{
	pthread_t threads[2];

	/* The one that loads comes last: to make a thread takes the loader's lock. */
	REQUIRE(pthread_create(&threads[0], NULL, lets_it_load, NULL) == 0);
	REQUIRE(pthread_create(&threads[1], NULL, loads, NULL) == 0);
	usleep(HEAD_START_US);
	overflow(size);
}

static void must_abort(void (*report)(size_t size), size_t size)
{
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		alarm(20); /* a deadlock ends by this */
		report(size);
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFSIGNALED(status));
	REQUIRE(WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	snprintf(fifo, sizeof fifo, "%s/fifo", getenv("TMPDIR"));
	REQUIRE(mkfifo(fifo, 0600) == 0);
	must_abort(report_into_full_pipe, SMALL);
	must_abort(report_into_full_pipe, LARGE);
	must_abort(report_while_loading, SMALL);
	must_abort(report_while_loading, LARGE);
	return 0;
}
