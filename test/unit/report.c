/* The formatter against printf, lines against what they must be, and claims.
 * links: report */
#include "report.h"
#include "child.h"
#include <limits.h>
#include <sys/syscall.h>

static bool interrupt;

/* As where a signal comes whose handler was set without SA_RESTART. */
ssize_t write(int fd, const void *from, size_t bytes)
{
	if (!interrupt)
		return syscall(SYS_write, fd, from, bytes);
	interrupt = false;
	errno = EINTR;
	return -1;
}

#define SAME(...)                                                              \
	do {                                                                   \
		char ours[1100], theirs[1100];                                 \
		report_text(ours, sizeof ours, __VA_ARGS__);                   \
		snprintf(theirs, sizeof theirs, __VA_ARGS__);                  \
		if (strcmp(ours, theirs) != 0)                                 \
			fprintf(stderr, "\"%s\", not \"%s\"\n", ours, theirs); \
		REQUIRE(strcmp(ours, theirs) == 0);                            \
	} while (0)

static void formats(void)
{
	SAME("%s", "");
	SAME("plain, 100%% so");
	SAME("%s|%8s|%-8s|%2s", "abc", "abc", "abc", "abc");
	SAME("%c%c", 'x', 'y');
	SAME("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	SAME("%6d|%-6d|%6d", -42, -42, 42);
	SAME("%u %u %10u|%-10u|", 0u, UINT_MAX, 7u, 7u);
	SAME("%x %x %8x|%-8x|", 0u, UINT_MAX, 0xabcu, 0xabcu);
	SAME("%zu %zu %zu", (size_t)0, SIZE_MAX, (size_t)1 << 63);
	SAME("%lu %llu %lx %llx", ULONG_MAX, ULLONG_MAX, ULONG_MAX, ULLONG_MAX);
	SAME("%12zu|%-12zu|%1zu", (size_t)123456, (size_t)123456, (size_t)123456);
	SAME("%p %p", (void *)0x1, (void *)UINTPTR_MAX);
	SAME("%5s|%-12p|%12p|", "ab", (void *)0x7f12a0010230, (void *)0x10);
}

/* Cut where it does not fit, always terminated, never beyond. */
static void cuts(void)
{
	char text[12];

	for (size_t bytes = 1; bytes <= 10; bytes++) {
		memset(text, '#', sizeof text);
		report_text(text, bytes, "%s", "0123456789abcdef");
		REQUIRE(strlen(text) == bytes - 1);
		REQUIRE(strncmp(text, "0123456789", bytes - 1) == 0);
		REQUIRE(text[bytes] == '#');
	}
	char longer[3000], wide[3001];
	memset(longer, 'l', sizeof longer);
	longer[2999] = '\0';
	report_text(wide, sizeof wide, "%s!", longer);
	REQUIRE(strlen(wide) == 3000);
}

/* More than the stream's buffer arrives whole and in order. */
static void long_text(void *arg)
{
	struct report_stream stream = REPORT_STREAM(STDERR_FILENO);

	for (unsigned i = 0; i < 1000; i++)
		report_format(&stream, "line %u\n", i);
	if (report_flush(&stream) != *(int *)arg)
		_exit(3);
}

static void streams(void)
{
	int error = 0;
	const char *at = child_said;
	char line[32];

	REQUIRE(child_run(long_text, &error) == 0);
	for (unsigned i = 0; i < 1000; i++) {
		int length = snprintf(line, sizeof line, "line %u\n", i);
		REQUIRE(strncmp(at, line, (size_t)length) == 0);
		at += length;
	}
	REQUIRE(*at == '\0');

	/* A stream that cannot be written says so, with the first errno, and swallows the rest. */
	struct report_stream bad = REPORT_STREAM(-1);
	for (unsigned i = 0; i < 1000; i++)
		report_format(&bad, "line %u\n", i);
	REQUIRE(report_flush(&bad) == EBADF);
}

static void warn(void *arg)
{
	(void)arg;
	errno = 77;
	report_warning("%s is %d", "this", 3);
	if (errno != 77)
		_exit(3);
}

static void warn_interrupted(void *arg)
{
	interrupt = true;
	warn(arg);
	if (interrupt)
		_exit(4);
}

static void err(void *carry_on)
{
	report_carry_on = *(bool *)carry_on;
	errno = 77;
	report_error("double free of %p", (void *)0x10);
	_exit(errno == 77 ? 4 : 3);
}

static void print_stack(void)
{
	dprintf(STDERR_FILENO, "the stack\n");
}

static void err_with_stack(void *arg)
{
	(void)arg;
	report_backtrace = print_stack;
	report_error("bad");
}

/* What others wrote is one line, and text alone; what it names is not changed. */
static void warn_of_others(void *arg)
{
	char text[40];

	(void)arg;
	report_text(text, sizeof text, "%s",
	            "a\nhalloc: \x1b[31m\x7f"
	            "b");
	REQUIRE(strcmp(text, "a\nhalloc: \x1b[31m\x7f"
	                     "b") == 0);
	report_warning("%s", text);
}

static void claim_of_ours(void *holds)
{
	report_carry_on = true;
	expect(*(bool *)holds);
}

static void break_pipe(int fd)
{
	int ends[2];

	REQUIRE(pipe(ends) == 0);
	dup2(ends[1], fd);
	close(ends[0]);
	close(ends[1]);
}

static bool pipe_signal_pends(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGPIPE) == 1;
}

/* A line that nobody reads leaves no trace: neither a signal nor a mask; and what the program has made to wait
 * by itself waits on. */
static void warn_in_vain(void *arg)
{
	int kept = dup(STDERR_FILENO);
	sigset_t pipe_alone;

	(void)arg;
	break_pipe(STDERR_FILENO);
	report_warning("lost");
	sigemptyset(&pipe_alone);
	sigaddset(&pipe_alone, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_alone, NULL);
	report_warning("lost");
	if (pipe_signal_pends())
		_exit(1);
	raise(SIGPIPE);
	report_warning("lost");
	if (!pipe_signal_pends())
		_exit(2);
	dup2(kept, STDERR_FILENO);
	report_warning("seen");
	sigprocmask(SIG_UNBLOCK, &pipe_alone, NULL); /* ends here */
	_exit(3);
}

/* The program's own writes end it as ever. */
static void write_in_vain(void *arg)
{
	(void)arg;
	break_pipe(STDERR_FILENO);
	report_warning("lost");
	_exit(write(STDERR_FILENO, "x", 1) == 1 ? 1 : 2); /* not reached */
}

int main(void)
{
	bool yes = true, no = false;

	formats();
	cuts();
	streams();
	REQUIRE(child_run(warn, NULL) == 0);
	REQUIRE(strcmp(child_said, "halloc: warning: this is 3\n") == 0);
	REQUIRE(child_run(warn_interrupted, NULL) == 0);
	REQUIRE(strcmp(child_said, "halloc: warning: this is 3\n") == 0);
	REQUIRE(child_run(warn_of_others, NULL) == 0);
	REQUIRE(strcmp(child_said, "halloc: warning: a?halloc: ?[31m?b\n") == 0);
	REQUIRE(child_aborts(err, &no, "halloc: double free of 0x10\n"));
	REQUIRE(child_run(err, &yes) == 4);
	REQUIRE(strcmp(child_said, "halloc: double free of 0x10\n") == 0);
	REQUIRE(child_aborts(err_with_stack, NULL, "halloc: bad\nthe stack\n"));
	REQUIRE(child_run(claim_of_ours, &yes) == 0);
	REQUIRE(child_run(warn_in_vain, NULL) == 128 + SIGPIPE);
	REQUIRE(strcmp(child_said, "halloc: warning: seen\n") == 0);
	REQUIRE(child_run(write_in_vain, NULL) == 128 + SIGPIPE);
	/* Our own mistakes stop the program even where misuse is only reported. */
	REQUIRE(child_aborts(claim_of_ours, &no, "halloc: bug in halloc: *(bool *)holds"));
	return 0;
}
