/* With a thread in the background, idle memory goes back though nobody calls any more: also in the child of a fork, and
 * again when the thread was asleep. It takes no signals, and does not keep a process whose threads have all ended.
 * run: HALLOC_BACKGROUND=1 HALLOC_PURGE_AFTER_MS=100
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=1000 */
#include "test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { MIB = 1 << 20, SIZE = 1000, BLOCKS = 48 * MIB / SIZE, KEPT_EACH = 100, TRIES = 200 };

static char *blocks[BLOCKS];

static void pass(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Nothing here calls the heap. Returns: how much less is resident than before, once it is so much, or time is up. */
static size_t gone_since(size_t before, size_t wanted)
{
	size_t now = before;

	for (int tries = 0; tries < TRIES && before - now < wanted; tries++) {
		pass(50);
		now = resident_bytes();
		now = now < before ? now : before;
	}
	return before - now;
}

static void gives_back(void)
{
	for (int i = 0; i < BLOCKS; i++)
		fill(blocks[i] = malloc(SIZE), SIZE, (unsigned)i);
	size_t before = resident_bytes();
	for (int i = 0; i < BLOCKS; i++)
		if (i % KEPT_EACH != 0)
			free(blocks[i]);
	REQUIRE(gone_since(before, 40 * MIB) >= 40 * MIB);
	for (int i = 0; i < BLOCKS; i += KEPT_EACH) {
		REQUIRE(filled(blocks[i], SIZE, (unsigned)i));
		free(blocks[i]);
	}
}

/* Reads a file of a thread of this process. Returns: false when there is none. */
static bool thread_file(pid_t thread, const char *name, char *text, size_t bytes)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)thread, name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t length = read(file, text, bytes - 1);
	close(file);
	REQUIRE(length >= 0);
	text[length] = '\0';
	return true;
}

/* It names itself, which may take it a while. */
static pid_t background_thread(void)
{
	char text[64];

	for (int tries = 0; tries < TRIES; tries++, pass(50))
		for (pid_t thread = getpid(); thread < getpid() + 1000; thread++)
			if (thread_file(thread, "comm", text, sizeof text) &&
			    strcmp(text, "halloc\n") == 0)
				return thread;
	return 0;
}

/* How often the thread has gone to sleep so far. */
static long sleeps(pid_t thread)
{
	char text[4096];

	REQUIRE(thread_file(thread, "status", text, sizeof text));
	const char *line = strstr(text, "\nvoluntary_ctxt_switches:");
	REQUIRE(line);
	return strtol(strchr(line, ':') + 1, NULL, 10);
}

/* While nobody calls, it looks for idle memory no more. */
static void sleeps_when_quiet(void)
{
	pid_t thread = background_thread();
	long before = -1;

	REQUIRE(thread != 0);
	for (int tries = 0; tries < TRIES && sleeps(thread) != before; tries++) {
		before = sleeps(thread);
		pass(1000);
	}
	REQUIRE(sleeps(thread) == before);
}

static volatile sig_atomic_t handled;

static void handle(int number)
{
	(void)number;
	handled = 1;
}

static void takes_no_signals(void)
{
	sigset_t usr1, pending;

	signal(SIGUSR1, handle);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	REQUIRE(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0);
	REQUIRE(kill(getpid(), SIGUSR1) == 0);
	pass(100);
	REQUIRE(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && !handled);
	REQUIRE(sigprocmask(SIG_UNBLOCK, &usr1, NULL) == 0);
	REQUIRE(handled);
}

static void gives_back_again(void)
{
	gives_back();
	sleeps_when_quiet();
	gives_back();
}

static void gives_back_late(void)
{
	pass(300);
	gives_back();
}

static void *nothing(void *arg)
{
	free(malloc(100));
	return arg;
}

static void leaves(void)
{
	pthread_t thread;

	sleeps_when_quiet();
	REQUIRE(pthread_create(&thread, NULL, nothing, NULL) == 0);
	pthread_exit(NULL);
}

static void in_child(void (*act)(void))
{
	int status = -1;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		alarm(200);
		act();
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

/* The thread that forks never allocated, and the child does so only later. */
static void *forks(void *arg)
{
	in_child(gives_back_late);
	return arg;
}

static void in_child_of_silent_thread(void)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, forks, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	takes_no_signals();
	gives_back_again();
	in_child(gives_back_again);
	in_child(leaves);
	in_child_of_silent_thread();
	return 0;
}
