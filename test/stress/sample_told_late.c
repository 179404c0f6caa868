/* A block whose misuse is being reported, into a pipe that is full, is kept meanwhile, however many are freed; and
 * those that come after it stay inaccessible.
 * run: HALLOC_SAMPLE=1 HALLOC_ON_ERROR=report */
#include "test.h"
#include <fcntl.h>
#include <pthread.h>

enum { MANY = 600, KEPT = 200 };

static int ends[2];
static volatile char *stale;
static bool reads_on;

static void *reads_stale(void *arg)
{
	REQUIRE(stale[5] == 0);
	__atomic_store_n(&reads_on, true, __ATOMIC_RELEASE);
	return arg;
}

static void fill_pipe(void)
{
	REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
	while (write(ends[1], "", 1) == 1)
		continue;
	REQUIRE(fcntl(ends[1], F_SETFL, 0) == 0);
}

static void drain_pipe(void)
{
	char text[4096];

	while (!__atomic_load_n(&reads_on, __ATOMIC_ACQUIRE))
		while (read(ends[0], text, sizeof text) > 0)
			continue;
}

/* Whether a page may be read: the system tells, and no fault is reported. */
static bool is_open(const char *page)
{
	int pair[2];

	REQUIRE(pipe(pair) == 0);
	bool open = write(pair[1], page, 1) == 1;
	REQUIRE(open || errno == EFAULT);
	close(pair[0]);
	close(pair[1]);
	return open;
}

int main(void)
{
	static char *freed[MANY];
	int terminal = dup(STDERR_FILENO);
	pthread_t thread;

	fill_pipe();
	stale = malloc(100);
	free((void *)(uintptr_t)stale);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(pthread_create(&thread, NULL, reads_stale, NULL) == 0);
	usleep(200000); /* the report has begun by then */
	for (int i = 0; i < MANY; i++) {
		REQUIRE((freed[i] = malloc(100)) != NULL);
		free(freed[i]);
	}
	drain_pipe();
	pthread_join(thread, NULL);
	REQUIRE(dup2(terminal, STDERR_FILENO) == STDERR_FILENO);
	for (int i = MANY - KEPT; i < MANY; i++)
		REQUIRE(!is_open(freed[i]));
	REQUIRE(is_open((const char *)(uintptr_t)stale));
	return 0;
}
