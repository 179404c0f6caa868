/*
 * halloc-measure - runs one command and reports what it cost.
 *
 * The figures are the kernel's own, from wait4: those of the command and of every descendant that
 * was waited for. The environment is changed for the command alone: this program never runs under
 * the library that is being measured, so what it adds is the same for all. The kernel starts the
 * peak memory of a new program at that of the process that started it: a floor of some 1.5 MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	exit_misuse = 2,
	exit_not_executable = 126,
	exit_not_found = 127,
	status_timeout = 124, /* as timeout(1) */
	status_signal = 128,
	timeout_s_max = 1000000,
};

static const char help[] =
        "usage: halloc-measure [OPTION]... [--] CMD [ARG]...\n"
        "\n"
        "Runs CMD and writes one line: exit status (128+N after signal N), wall, user and system "
        "seconds,\n"
        "peak resident memory in KiB, minor and major page faults.\n"
        "\n"
        "  --report FILE       append the line to FILE, not to standard output\n"
        "  --stdin FILE        CMD reads FILE\n"
        "  --stdout FILE       CMD's standard output replaces FILE\n"
        "  --stderr FILE       CMD's standard error replaces FILE\n"
        "  --set NAME=VALUE    set a variable for CMD\n"
        "  --unset NAME        remove a variable for CMD\n"
        "  --timeout SECONDS   kill CMD and its process group after that; the status is then 124\n"
        "  --help              print this\n"
        "\n"
        "Exits 0 when CMD was run, whatever its status; 2 on misuse; 126 or 127 when CMD cannot be "
        "run.\n";

struct request {
	const char *report;
	const char *files[3]; /* by descriptor; NULL: inherited */
	unsigned timeout_s;   /* 0: none */
	char **command;
};

extern char **environ;

static volatile sig_atomic_t command_group; /* 0 while there is none to signal */
static volatile sig_atomic_t timed_out;
static volatile sig_atomic_t caught_signal;

_Noreturn static void fail(int status, const char *what, const char *which)
{
	fprintf(stderr, "halloc-measure: %s: %s\n", which, what);
	exit(status);
}

static unsigned parse_seconds(const char *text)
{
	char *end = NULL;
	errno = 0;
	long seconds = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || seconds < 1 || seconds > timeout_s_max)
		fail(exit_misuse, "not a number of seconds", text);
	return (unsigned)seconds;
}

static void set_variable(char *assignment)
{
	char *equals = strchr(assignment, '=');
	if (equals == NULL || equals == assignment)
		fail(exit_misuse, "not NAME=VALUE", assignment);
	*equals = '\0';
	if (setenv(assignment, equals + 1, 1) != 0)
		fail(exit_misuse, strerror(errno), assignment);
}

static void apply_option(struct request *request, const char *option, char *value)
{
	if (strcmp(option, "--report") == 0)
		request->report = value;
	else if (strcmp(option, "--stdin") == 0)
		request->files[0] = value;
	else if (strcmp(option, "--stdout") == 0)
		request->files[1] = value;
	else if (strcmp(option, "--stderr") == 0)
		request->files[2] = value;
	else if (strcmp(option, "--timeout") == 0)
		request->timeout_s = parse_seconds(value);
	else if (strcmp(option, "--set") == 0)
		set_variable(value);
	else if (unsetenv(value) != 0) /* --unset */
		fail(exit_misuse, strerror(errno), value);
}

static bool is_option(const char *word)
{
	static const char *const options[] = {"--report",  "--stdin", "--stdout", "--stderr",
	                                      "--timeout", "--set",   "--unset"};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(word, options[i]) == 0)
			return true;
	}
	return false;
}

static struct request parse_arguments(char **word)
{
	struct request request = {0};
	while (*word != NULL && (*word)[0] == '-') {
		const char *option = *word++;
		if (strcmp(option, "--") == 0)
			break;
		if (strcmp(option, "--help") == 0) {
			fputs(help, stdout);
			exit(0);
		}
		if (!is_option(option))
			fail(exit_misuse, "unknown option", option);
		if (*word == NULL)
			fail(exit_misuse, "needs a value", option);
		apply_option(&request, option, *word++);
	}
	if (*word == NULL)
		fail(exit_misuse, "no command given", "usage");
	request.command = word;
	return request;
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	timed_out = 1;
	kill(-(pid_t)command_group, SIGKILL);
}

/* The command has a process group of its own when there is a timeout: pass on what ends ours. */
static void on_ending_signal(int signal_number)
{
	caught_signal = signal_number;
	if (command_group != 0)
		kill(-(pid_t)command_group, signal_number);
}

static void handle(int signal_number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	sigemptyset(&action.sa_mask);
	sigaction(signal_number, &action, NULL);
}

static void redirect(posix_spawn_file_actions_t *actions, int target, const char *path)
{
	if (path == NULL)
		return;
	int flags = target == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
	int opened = open(path, flags | O_CLOEXEC, 0666);
	if (opened < 0)
		fail(exit_misuse, strerror(errno), path);
	/* Above the standard three, so that no redirection takes the place of a later one. */
	int held = fcntl(opened, F_DUPFD_CLOEXEC, 3);
	if (held < 0 || posix_spawn_file_actions_adddup2(actions, held, target) != 0)
		fail(exit_misuse, "cannot redirect to it", path);
	close(opened);
}

/* Runs a file that has no #! line the way shells do: with sh. */
static int spawn_shell(pid_t *child, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char **command)
{
	static char shell[] = "sh";
	size_t count = 0;
	while (command[count] != NULL)
		count++;
	char **words = calloc(count + 2, sizeof(*words));
	if (words == NULL)
		return ENOMEM;
	words[0] = shell;
	memcpy(words + 1, command, count * sizeof(*words));
	int error = posix_spawn(child, "/bin/sh", actions, attributes, words, environ);
	free(words);
	return error;
}

static pid_t start(const struct request *request)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		fail(exit_misuse, "out of memory", request->command[0]);
	for (int target = 0; target < 3; target++)
		redirect(&actions, target, request->files[target]);
	if (request->timeout_s != 0)
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);

	pid_t child = 0;
	char **command = request->command;
	int error = posix_spawnp(&child, command[0], &actions, &attributes, command, environ);
	if (error == ENOEXEC)
		error = spawn_shell(&child, &actions, &attributes, command);
	if (error != 0)
		fail(error == ENOENT ? exit_not_found : exit_not_executable, strerror(error),
		     command[0]);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return child;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int status_of(int wait_status)
{
	if (timed_out != 0)
		return status_timeout;
	if (WIFSIGNALED(wait_status))
		return status_signal + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

static void report(FILE *to, int status, double wall_s, const struct rusage *usage)
{
	fprintf(to, "%d %.6f %.6f %.6f %ld %ld %ld\n", status, wall_s, seconds_of(usage->ru_utime),
	        seconds_of(usage->ru_stime), usage->ru_maxrss, usage->ru_minflt, usage->ru_majflt);
}

static FILE *report_open(const char *path)
{
	FILE *to = path != NULL ? fopen(path, "ae") : stdout;

	if (to == NULL)
		fail(exit_misuse, strerror(errno), path);
	return to;
}

/* Before the command is there. */
static void handle_signals(const struct request *request)
{
	/* Were it ignored, as it may be inherited, nothing would be left to wait for. */
	handle(SIGCHLD, SIG_DFL);
	if (request->timeout_s == 0)
		return;
	handle(SIGALRM, on_alarm);
	handle(SIGINT, on_ending_signal);
	handle(SIGTERM, on_ending_signal);
	handle(SIGHUP, on_ending_signal);
}

/* Waits for the command, or until its time is over. Returns: what wait4 says. */
static int await(const struct request *request, pid_t child, struct rusage *usage)
{
	int wait_status = 0;

	if (request->timeout_s != 0) {
		command_group = child;
		if (caught_signal != 0) /* it came before there was a group to pass it to */
			kill(-child, caught_signal);
		alarm(request->timeout_s);
	}
	while (wait4(child, &wait_status, 0, usage) < 0) {
		if (errno != EINTR)
			fail(exit_misuse, strerror(errno), "wait4");
	}
	return wait_status;
}

int main(int argc, char **argv)
{
	struct request request = parse_arguments(argc > 0 ? argv + 1 : argv);
	FILE *to = report_open(request.report);
	struct rusage usage;

	handle_signals(&request);
	double started_s = now_s();
	int wait_status = await(&request, start(&request), &usage);
	double wall_s = now_s() - started_s;
	alarm(0);
	if (caught_signal != 0) {
		handle(caught_signal, SIG_DFL);
		raise(caught_signal);
	}
	report(to, status_of(wait_status), wall_s, &usage);
	if (fclose(to) != 0)
		fail(exit_misuse, strerror(errno),
		     request.report != NULL ? request.report : "stdout");
	return 0;
}
