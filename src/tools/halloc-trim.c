/*
 * halloc-trim - asks a running process to give its idle memory back, and says what that brought.
 *
 * The request is one word in Page B's header, which the process reads on its slow paths anyway: no
 * signal, no thread, no stop, no code of ours in it. The price is that a process which allocates nothing
 * does not notice; then the request stands until it does.
 */
#include "header.h"
#include "page_b.h"
#include "source.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { exit_asleep = 1 };

#define WAIT_SECONDS     5.0
#define WAIT_SECONDS_MAX 86400.0
#define LOOK_NS          5000000

static const char help[] =
        "usage: halloc trim [--wait SECONDS] PID...\n"
        "\n"
        "Asks the processes, which run under halloc, to give their idle memory back to the system\n"
        "now, as hdefrag() and malloc_trim() do, and says what that brought: the bytes given "
        "back,\n"
        "and the resident memory before and after.\n"
        "\n"
        "  --wait SECONDS   how long to wait for the answer of each (5); 0: ask, and do not wait\n"
        "  --help           print this\n"
        "\n"
        "How it asks: it writes one word, trims_wanted, in the header that halloc keeps in each\n"
        "process. The process reads that word whenever one of its threads gets slots from a slab "
        "or\n"
        "brings some back, or takes or frees a large block, and the thread that sees it does the\n"
        "work. Nothing else touches the process: a signal would cut short the system calls of a\n"
        "program that does not expect it, a debugger would stop all its threads, and a helper "
        "thread\n"
        "would be one that it never made. So a program is never disturbed; but one that allocates\n"
        "nothing does not see the word. Then this is said, and the request stands: the process\n"
        "honours it at its next slow path. The slots that its threads keep cached go back, too.\n"
        "\n"
        "Only the user of a process, or root, may ask; where kernel.yama.ptrace_scope is not 0, "
        "only\n"
        "root.\n"
        "\n"
        "Exits 0 when every process answered, or with --wait 0 was asked; 1 when one did not "
        "answer\n"
        "in time; 2 on misuse, and when a process does not run under halloc, runs another version\n"
        "of it, may not be written to, or ends meanwhile.\n";

static bool header_read(struct source *source, uint64_t address, struct page_b_header *header,
                        struct tool_error *error)
{
	if (source_read(source, address, header, sizeof *header))
		return true;
	if (!source_is_gone(source, error))
		tool_fail(error, "process %d has ended", (int)source_pid(source));
	return false;
}

/* Raises the word above both what was wanted and what was done, so that it differs from either. Should
 * two who ask write the same number, one trim answers both. Returns: the number; 0 on failure. */
static uint64_t ask(struct source *source, uint64_t address, const struct page_b_header *header,
                    struct tool_error *error)
{
	uint64_t wanted = header->trims_wanted;

	if (wanted < header->trims_done)
		wanted = header->trims_done;
	wanted++;
	if (source_write(source, address + offsetof(struct page_b_header, trims_wanted), &wanted,
	                 sizeof wanted))
		return wanted;
	int reason = errno;
	if (!source_is_gone(source, error))
		tool_fail(error, "process %d cannot be written to: %s", (int)source_pid(source),
		          strerror(reason));
	return 0;
}

enum answer { ANSWERED, ASLEEP, FAILED };

static enum answer await(struct source *source, uint64_t address, uint64_t wanted, double seconds,
                         struct page_b_header *header, struct tool_error *error)
{
	struct timespec pause = {.tv_nsec = LOOK_NS};
	double end = tool_now_seconds() + seconds;

	for (;;) {
		if (!header_read(source, address, header, error))
			return FAILED;
		if (header->trims_done >= wanted)
			return ANSWERED;
		if (source_is_gone(source, error))
			return FAILED;
		if (tool_now_seconds() >= end)
			return ASLEEP;
		nanosleep(&pause, NULL);
	}
}

static void say(const struct source *source, uint64_t given, uint64_t before, uint64_t after)
{
	printf("%d (%s): gave back %s (%llu bytes); resident %s before, %s after\n",
	       (int)source_pid(source), source_command(source), tool_bytes(given).text,
	       (unsigned long long)given, tool_bytes(before).text, tool_bytes(after).text);
}

static enum answer trim_source(struct source *source, double seconds, struct tool_error *error)
{
	struct page_b_header header;
	struct page_b_header after;
	uint64_t address = header_find(source, &header, error);
	uint64_t before = source_resident_bytes(source_pid(source));

	if (address == 0)
		return FAILED;
	uint64_t wanted = ask(source, address, &header, error);
	if (wanted == 0)
		return FAILED;
	if (seconds <= 0) {
		printf("%d (%s): asked\n", (int)source_pid(source), source_command(source));
		return ANSWERED;
	}
	enum answer answer = await(source, address, wanted, seconds, &after, error);
	if (answer == ANSWERED)
		say(source, after.trimmed_bytes - header.trimmed_bytes, before,
		    source_resident_bytes(source_pid(source)));
	else if (answer == ASLEEP)
		printf("%d (%s): asleep: it has not been to a slow path of halloc for %g s; the "
		       "request stands, and is honoured when it is\n",
		       (int)source_pid(source), source_command(source), seconds);
	return answer;
}

static int trim(pid_t pid, double seconds)
{
	struct tool_error error;
	struct source *source = source_of_process(pid, SOURCE_WRITE, &error);
	enum answer answer = FAILED;

	if (source != NULL) {
		answer = trim_source(source, seconds, &error);
		source_close(source);
	}
	if (answer == FAILED) {
		tool_warn("%s", error.text);
		return TOOL_EXIT_MISUSE;
	}
	fflush(stdout);
	return answer == ASLEEP ? exit_asleep : EXIT_SUCCESS;
}

static bool option_read(void *seconds, const char *name, const char *value)
{
	if (strcmp(name, "--wait") != 0)
		tool_unknown_option(name);
	*(double *)seconds = tool_argument_seconds(name, value, 0, WAIT_SECONDS_MAX);
	return true;
}

int main(int argc, char **argv)
{
	double seconds = WAIT_SECONDS;
	int status = EXIT_SUCCESS;

	tool_name = "halloc trim";
	int end = tool_arguments(argc, argv, help, option_read, &seconds);
	if (end == 1)
		tool_die("no process given; see 'halloc trim --help'");
	for (int i = 1; i < end; i++)
		tool_argument_pid(argv[i]);
	for (int i = 1; i < end; i++) {
		int answer = trim(tool_argument_pid(argv[i]), seconds);
		if (answer > status)
			status = answer;
	}
	tool_finish_output();
	return status;
}
