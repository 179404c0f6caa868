/*
 * halloc-top - watches the heaps of running processes, from outside.
 *
 * What it shows is read from Page B of each process; the process is not stopped, and does nothing for
 * it. The rate is that of a counter which slabs keep on their slow path anyway.
 */
#include "terminal.h"
#include "top_screen.h"
#include "top_text.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DELAY_DEFAULT 1.0
#define DELAY_LEAST   0.01
#define DELAY_MOST    3600.0
#define COUNT_MOST    1000000000ul

static const char help[] =
        "usage: halloc top [OPTION]... [PID]...\n"
        "\n"
        "Shows the heaps of the processes that run under halloc: of those given, or of all that "
        "may\n"
        "be read. On a terminal it fills the screen and refreshes it; press ? there for its keys.\n"
        "Elsewhere it prints the table, again and again.\n"
        "\n"
        "  -d SECONDS     from one look to the next (1); at least 0.01\n"
        "  -n COUNT       look so many times, then exit\n"
        "  -s KEY         sort by live, held, idle, cached, rss, rate, pid or name (live)\n"
        "  --once         print the table once\n"
        "  --details      below the table, the classes, arenas and threads' caches of each "
        "process\n"
        "  --json         print everything once, as one JSON object\n"
        "  --prometheus   print everything once, in Prometheus's exposition format\n"
        "  --help         print this\n"
        "\n"
        "The columns:\n"
        "\n"
        "  LIVE      bytes in slots and large blocks that the program holds\n"
        "  HELD      bytes of Page A that are in memory: live, cached, idle, and slack: free "
        "slots\n"
        "            on OS pages where others are in use. Large blocks count whole, though what "
        "of\n"
        "            them was never touched is in no memory: so LIVE and HELD may exceed RSS\n"
        "  IDLE      of these, whole OS pages without a slot in use: 'halloc trim' gives them "
        "back\n"
        "  CACHED    bytes in the threads' caches: free, at hand; and what was freed by threads "
        "of\n"
        "            other arenas, and is on its way home\n"
        "  RSS       resident bytes of the whole process, as the system counts\n"
        "  SLOTS/S   slots a second that the threads' caches got from slabs. Slabs count them on\n"
        "            their slow path; an allocation that a cache serves is counted nowhere, so "
        "that\n"
        "            it costs nothing: the rate of allocations is at least this\n"
        "  ARENAS    THREADS   arenas, and threads that have a cache\n"
        "\n"
        "With --details, the size class's WASTE B is what its slabs hold in memory beyond their "
        "live\n"
        "slots. A rate needs two looks: at the first, and with --once, --json and --prometheus, "
        "it\n"
        "is the average since the heap was built; with -d these look twice, SECONDS apart.\n"
        "\n"
        "A process is read through /proc/PID/mem while it runs, which takes its user, or root; "
        "where\n"
        "kernel.yama.ptrace_scope is not 0, root. What was changing while it was read is read "
        "again;\n"
        "what stayed torn even so is counted in torn_reads_left and with --details. Heaps made by\n"
        "heap_create are not shown.\n"
        "\n"
        "Exits 0; 2 on misuse, and when a process given does not run under halloc, runs another\n"
        "version of it, may not be read, or has ended. A signal ends it as usual, and the "
        "terminal\n"
        "is given back first.\n";

enum form { FORM_SCREEN, FORM_TABLE, FORM_JSON, FORM_PROMETHEUS };

struct request {
	enum form form;
	enum watch_key key;
	double delay;
	bool delay_given;
	bool details;
	unsigned long count; /* 0: no end */
};

static void pause_seconds(double seconds)
{
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

static enum watch_key key_named(const char *name)
{
	for (unsigned key = 0; key < WATCH_KEYS; key++)
		if (strcmp(watch_key_names[key], name) == 0)
			return (enum watch_key)key;
	tool_die("-s takes live, held, idle, cached, rss, rate, pid or name, not '%s'", name);
}

/* Those of one letter take a value. */
static bool option_read(void *place, const char *name, const char *value)
{
	struct request *request = place;

	if (strcmp(name, "-d") == 0) {
		request->delay = tool_argument_seconds(name, value, DELAY_LEAST, DELAY_MOST);
		request->delay_given = true;
	} else if (strcmp(name, "-n") == 0) {
		request->count = tool_argument_number(name, value, 1, COUNT_MOST);
	} else if (strcmp(name, "-s") == 0) {
		request->key = key_named(tool_value(name, value));
	} else if (strcmp(name, "--once") == 0) {
		request->form = FORM_TABLE;
		request->count = 1;
	} else if (strcmp(name, "--details") == 0) {
		request->details = true;
	} else if (strcmp(name, "--json") == 0) {
		request->form = FORM_JSON;
		request->count = 1;
	} else if (strcmp(name, "--prometheus") == 0) {
		request->form = FORM_PROMETHEUS;
		request->count = 1;
	} else {
		tool_unknown_option(name);
	}
	return name[1] != '-';
}

static void print(const struct request *request, const struct watch *watch)
{
	if (request->form == FORM_JSON)
		top_text_json(stdout, watch);
	else if (request->form == FORM_PROMETHEUS)
		top_text_prometheus(stdout, watch);
	else
		top_text_table(stdout, watch, request->details);
}

/* Says which processes can be read no more, and forgets them. Returns: whether there are any. */
static bool drop_gone(struct watch *watch)
{
	bool any = false;

	for (size_t i = 0; i < watch->count; i++) {
		if (!watch->all[i].gone)
			continue;
		any = true;
		if (!watch->everything)
			tool_warn("%s", watch->all[i].error.text);
	}
	watch_forget_gone(watch);
	return any && !watch->everything;
}

/* Where there is nothing to show, that may be for want of permission. */
static void explain_nothing(const struct watch *watch)
{
	if (watch->count == 0 && (watch->forbidden || watch->unreadable != 0))
		tool_warn("no process that may be read runs under halloc, and others may not be");
}

static int run_plain(const struct request *request, struct watch *watch)
{
	int status = EXIT_SUCCESS;

	if (request->delay_given && request->count == 1) {
		watch_update(watch, request->key);
		pause_seconds(request->delay);
	}
	for (unsigned long look = 1;; look++) {
		watch_update(watch, request->key);
		if (drop_gone(watch))
			status = TOOL_EXIT_MISUSE;
		if (watch->count == 0 && !watch->everything)
			return TOOL_EXIT_MISUSE;
		if (look == 1)
			explain_nothing(watch);
		else
			putchar('\n');
		print(request, watch);
		tool_finish_output();
		if (look == request->count)
			return status;
		pause_seconds(request->delay);
	}
}

static bool screen_is_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0 && *term != '\0';
}

int main(int argc, char **argv)
{
	struct request request = {.delay = DELAY_DEFAULT};
	struct watch watch = {0};
	int status = EXIT_SUCCESS;

	tool_name = "halloc top";
	int end = tool_arguments(argc, argv, help, option_read, &request);
	for (int i = 1; i < end; i++)
		tool_argument_pid(argv[i]);
	watch.everything = end == 1;
	for (int i = 1; i < end; i++) {
		struct tool_error error;
		if (watch_add(&watch, tool_argument_pid(argv[i]), &error))
			continue;
		tool_warn("%s", error.text);
		status = TOOL_EXIT_MISUSE;
	}
	if (watch.count == 0 && !watch.everything)
		return TOOL_EXIT_MISUSE;
	if (request.form == FORM_SCREEN &&
	    (request.details || request.count != 0 || !screen_is_possible()))
		request.form = FORM_TABLE;
	if (request.form == FORM_SCREEN) {
		top_screen_run(&watch, request.key, request.delay);
		return status;
	}
	int answer = run_plain(&request, &watch);
	return answer > status ? answer : status;
}
