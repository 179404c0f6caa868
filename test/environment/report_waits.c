/* A report waits for others that wait for memory: standard error is a full pipe, whose reader allocates first; or the
 * calling stack is to be printed while another thread loads a library. No lock is held meanwhile, and the program ends,
 * or carries on; what it did wrong by then is told, each of it once, in its order.
 * run: HALLOC_HARDENED=1 HALLOC_ARENAS=1 HALLOC_BACKTRACE=1
 * modes: HALLOC_ON_ERROR=abort HALLOC_ON_ERROR=report
 * timeout: 400 */
#include "sizes.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SMALL = 100, LARGE = 100001, HEAD_START_US = 100000 };

static char fifo[4096];
static bool carries_on;

static void overflow(size_t size)
{
	volatile char *block = malloc(size);

	block[size] = 'x';
	free((void *)(uintptr_t)block);
}

/* Two crimes that one call finds: malloc looks at the last that were freed. */
static void write_after_free(size_t size)
{
	volatile char *one = malloc(size), *other = malloc(size);

	free((void *)(uintptr_t)one);
	free((void *)(uintptr_t)other);
	one[2] = 'x';
	other[3] = 'x';
	free(malloc(size));
}

static void overflow_at_exit(size_t size)
{
	volatile char *block = malloc(size);

	block[size] = 'x';
	exit(0);
}

static const struct crime_kind {
	void (*commit)(size_t size);
	size_t size;
	const char *told[2];
} crimes[] = {
        {overflow, SMALL, {": byte 100 was written to"}},
        {overflow, LARGE, {": byte 100001 was written to"}},
        /* This one where the process carries on: else the reader finds the second, and waits for itself. */
        {write_after_free, SMALL, {": byte 2 was written to", ": byte 3 was written to"}},
        {overflow_at_exit, SMALL, {NULL}},
        {overflow_at_exit, LARGE, {NULL}},
};

/* --- A full pipe ---------------------------------------------------------------------------------- */

static int ends[2];
static char text[20000];

static void *reads_late(void *arg)
{
	size_t length = 0;
	char byte;

	usleep(HEAD_START_US);
	allocate_sizes(malloc, realloc, free);
	while (read(ends[0], &byte, 1) == 1)
		if (byte != '\0' && length < sizeof text - 1)
			text[length++] = byte;
	return arg;
}

/* Whether the text has a line once. */
static bool is_told(const char *told)
{
	const char *line = strstr(text, told);

	return line != NULL && strstr(line + 1, told) == NULL;
}

static void report_into_full_pipe(const struct crime_kind *kind)
{
	int terminal = dup(STDERR_FILENO);
	pthread_t reader;

	REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
	while (write(ends[1], "", 1) == 1)
		continue;
	REQUIRE(fcntl(ends[1], F_SETFL, 0) == 0);
	REQUIRE(fcntl(ends[0], F_SETFL, 0) == 0);
	REQUIRE(pthread_create(&reader, NULL, reads_late, NULL) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	kind->commit(kind->size);
	REQUIRE(dup2(terminal, STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(close(ends[1]) == 0);
	REQUIRE(pthread_join(reader, NULL) == 0);
	for (int i = 0; i < 2 && kind->told[i] != NULL; i++)
		REQUIRE(is_told(kind->told[i]));
}

/* --- A library that is being loaded ---------------------------------------------------------------- */

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

static void report_while_loading(const struct crime_kind *kind)
{
	pthread_t threads[2];

	/* The one that loads comes last: to make a thread takes the loader's lock. */
	REQUIRE(pthread_create(&threads[0], NULL, lets_it_load, NULL) == 0);
	REQUIRE(pthread_create(&threads[1], NULL, loads, NULL) == 0);
	usleep(HEAD_START_US);
	kind->commit(kind->size);
	REQUIRE(pthread_join(threads[0], NULL) == 0);
	REQUIRE(pthread_join(threads[1], NULL) == 0);
}

/* --- All of them ---------------------------------------------------------------------------------- */

static void must_end(void (*report)(const struct crime_kind *kind), const struct crime_kind *kind)
{
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		alarm(20); /* a deadlock ends by this */
		report(kind);
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	if (carries_on) {
		REQUIRE(status == 0);
		return;
	}
	REQUIRE(WIFSIGNALED(status));
	REQUIRE(WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	carries_on = strcmp(getenv("HALLOC_ON_ERROR"), "report") == 0;
	snprintf(fifo, sizeof fifo, "%s/fifo", getenv("TMPDIR"));
	unlink(fifo); /* of another mode */
	REQUIRE(mkfifo(fifo, 0600) == 0);
	for (size_t i = 0; i < sizeof crimes / sizeof *crimes; i++) {
		if (crimes[i].told[1] != NULL && !carries_on)
			continue;
		must_end(report_into_full_pipe, &crimes[i]);
		must_end(report_while_loading, &crimes[i]);
	}
	return 0;
}
