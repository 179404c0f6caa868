/*
 * terminal - raw mode, the alternate screen, keys and signals.
 *
 * Holds:  the settings that the terminal had; keys that were typed ahead.
 * Always: they are put back before the program stops or ends, by whatever signal that can be caught.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The alternate screen, no cursor, no wrapping of long lines; and all of that back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

#define ESCAPE 033

static struct termios settings;
static bool has_settings;
static volatile sig_atomic_t is_open;
static volatile sig_atomic_t ending_signal;
static volatile sig_atomic_t redraw;
static sigset_t waiting_mask;  /* what terminal_key lets through */
static unsigned char keys[64]; /* typed, and not yet taken */
static size_t keys_waiting;

static void put(const char *text)
{
	ssize_t written = write(STDOUT_FILENO, text, strlen(text));
	(void)written;
}

/* Safe in a signal handler. */
static void enter(void)
{
	struct termios raw = settings;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (has_settings)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	put(ENTER);
	is_open = 1;
}

static void leave(void)
{
	if (!is_open)
		return;
	is_open = 0;
	put(LEAVE);
	if (has_settings)
		tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

static void on_end(int number)
{
	ending_signal = number;
}

static void on_crash(int number)
{
	leave();
	signal(number, SIG_DFL);
	raise(number);
}

static void on_change(int number)
{
	(void)number;
	redraw = 1;
}

static void on_stop(int number)
{
	(void)number;
	leave();
	raise(SIGSTOP);
	/* Continued. */
	enter();
	redraw = 1;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	struct sigaction old;

	sigfillset(&action.sa_mask);
	/* What is ignored, as under nohup, stays so. */
	if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

void terminal_open(void)
{
	sigset_t blocked;

	has_settings = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &settings) == 0;
	/* Between two waits signals are held back: none is lost between a test and the wait. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGQUIT);
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGTSTP);
	sigprocmask(SIG_BLOCK, &blocked, &waiting_mask);
	atexit(leave);
	handle(SIGINT, on_end);
	handle(SIGTERM, on_end);
	handle(SIGHUP, on_end);
	handle(SIGQUIT, on_end);
	handle(SIGPIPE, on_crash);
	handle(SIGSEGV, on_crash);
	handle(SIGBUS, on_crash);
	handle(SIGABRT, on_crash);
	handle(SIGFPE, on_crash);
	handle(SIGWINCH, on_change);
	handle(SIGTSTP, on_stop);
	enter();
}

void terminal_close(void)
{
	leave();
}

static void end_by_signal(void)
{
	int number = ending_signal;
	sigset_t only;

	leave();
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	_exit(128 + number);
}

/* How many of the waiting bytes are the first key: ESC [ or ESC O begins a sequence, which a letter or ~
 * ends. */
static size_t key_bytes(void)
{
	size_t bytes = 2;

	if (keys_waiting < 3 || keys[0] != ESCAPE || (keys[1] != '[' && keys[1] != 'O'))
		return 1;
	while (bytes < keys_waiting && keys[bytes] < '@')
		bytes++;
	return bytes < keys_waiting ? bytes + 1 : bytes;
}

/* Takes the first of the keys that wait: of the sequences, only the arrows mean something. */
static int key_take(void)
{
	size_t bytes = key_bytes();
	int key = bytes == 1 ? keys[0] : 0;

	if (bytes == 3 && keys[2] == 'A')
		key = TERMINAL_UP;
	else if (bytes == 3 && keys[2] == 'B')
		key = TERMINAL_DOWN;
	keys_waiting -= bytes;
	memmove(keys, keys + bytes, keys_waiting);
	return key;
}

static void keys_read(void)
{
	ssize_t got = read(STDIN_FILENO, keys, sizeof keys);

	if (got <= 0) {
		/* The terminal has gone. */
		leave();
		exit(EXIT_SUCCESS);
	}
	keys_waiting = (size_t)got;
}

int terminal_key(double seconds)
{
	struct pollfd input = {.fd = has_settings ? STDIN_FILENO : -1, .events = POLLIN};
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	if (keys_waiting > 0)
		time = (struct timespec){0};
	int ready = ppoll(&input, 1, &time, &waiting_mask);
	if (ending_signal != 0)
		end_by_signal();
	if (redraw) {
		redraw = 0;
		return TERMINAL_REDRAW;
	}
	if (keys_waiting == 0 && ready > 0)
		keys_read();
	return keys_waiting > 0 ? key_take() : TERMINAL_NONE;
}

static unsigned from_environment(const char *name, unsigned fallback)
{
	const char *text = getenv(name);
	unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);

	return value >= 10 && value <= 1000 ? (unsigned)value : fallback;
}

struct terminal_size terminal_size(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_row != 0)
		return (struct terminal_size){size.ws_col, size.ws_row};
	return (struct terminal_size){from_environment("COLUMNS", 80),
	                              from_environment("LINES", 24)};
}

bool terminal_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
