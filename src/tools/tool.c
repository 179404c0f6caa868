/*
 * tool - messages and numbers.
 *
 * Holds:  the name of the tool.
 * Always: a message is one line on standard error, begun by that name.
 */
#include "tool.h"
#include "utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *tool_name = "halloc";

static void say(const char *format, va_list list)
{
	char line[512];

	vsnprintf(line, sizeof line, format, list);
	tool_clean(line);
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", tool_name, line);
}

bool tool_fail(struct tool_error *error, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error->text, sizeof error->text, format, list);
	va_end(list);
	return false;
}

void tool_warn(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(format, list);
	va_end(list);
}

void tool_die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(format, list);
	va_end(list);
	exit(TOOL_EXIT_MISUSE);
}

void *tool_new(size_t count, size_t bytes)
{
	void *ptr = calloc(count == 0 ? 1 : count, bytes);

	if (ptr == NULL)
		tool_die("out of memory");
	return ptr;
}

void *tool_resize(void *old, size_t count, size_t bytes)
{
	void *ptr = reallocarray(old, count == 0 ? 1 : count, bytes);

	if (ptr == NULL)
		tool_die("out of memory");
	return ptr;
}

size_t tool_count_up_to(uint64_t address, const void *items, size_t count, size_t item_bytes)
{
	size_t low = 0;
	size_t high = count;
	uint64_t start;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		memcpy(&start, (const char *)items + middle * item_bytes, sizeof start);
		if (start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double tool_now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct tool_text scaled(double value, double step, const char *const *units)
{
	struct tool_text out;
	unsigned unit = 0;

	while (value >= 999.5 && units[unit + 1] != NULL) {
		value /= step;
		unit++;
	}
	int digits = unit == 0 || value >= 99.95 ? 0 : 1;
	snprintf(out.text, sizeof out.text, "%.*f%s", digits, value, units[unit]);
	return out;
}

struct tool_text tool_bytes(uint64_t bytes)
{
	static const char *const units[] = {"", "K", "M", "G", "T", "P", "E", NULL};

	return scaled((double)bytes, 1024, units);
}

struct tool_text tool_count(double count)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E", NULL};

	return scaled(count, 1000, units);
}

const char *tool_value(const char *name, const char *value)
{
	if (value == NULL)
		tool_die("%s needs a value; see '%s --help'", name, tool_name);
	return value;
}

double tool_argument_seconds(const char *name, const char *text, double least, double most)
{
	char *end;
	double value = strtod(tool_value(name, text), &end);

	/* Not "nan", "inf" or "0x1": a person writes digits. */
	if (text[strspn(text, "0123456789.")] != '\0' || *text == '\0' || *end != '\0' ||
	    !(value >= least && value <= most))
		tool_die("%s takes seconds from %g to %g, not '%s'", name, least, most, text);
	return value;
}

unsigned long tool_argument_number(const char *name, const char *text, unsigned long least,
                                   unsigned long most)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(tool_value(name, text), &end, 10);

	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || value < least ||
	    value > most)
		tool_die("%s takes a number from %lu to %lu, not '%s'", name, least, most, text);
	return value;
}

static _Noreturn void show_help(const char *help)
{
	fputs(help, stdout);
	tool_finish_output();
	exit(EXIT_SUCCESS);
}

void tool_unknown_option(const char *name)
{
	tool_die("unknown option %s; see '%s --help'", name, tool_name);
}

int tool_arguments(int argc, char **argv, const char *help, tool_option read, void *request)
{
	int others = 1;
	bool may_be_option = true;

	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		if (!may_be_option || name[0] != '-' || name[1] == '\0')
			argv[others++] = argv[i];
		else if (strcmp(name, "--") == 0)
			may_be_option = false;
		else if (strcmp(name, "--help") == 0)
			show_help(help);
		else
			i += read(request, name, argv[i + 1]);
	}
	return others;
}

pid_t tool_argument_pid(const char *text)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end != '\0')
		tool_die("not the number of a process: '%s'", text);
	if (errno != 0 || value == 0 || value > INT32_MAX)
		tool_die("there is no process %s", text);
	return (pid_t)value;
}

FILE *tool_text_stream(char **text, size_t *bytes)
{
	FILE *stream;

	*text = NULL;
	stream = open_memstream(text, bytes);
	if (stream == NULL)
		tool_die("out of memory");
	return stream;
}

/* The length of the character that starts here; 0 when there is none, or it is a control: below U+0020, or U+007F to
 * U+009F. */
static unsigned character_bytes(const char *text)
{
	unsigned char first = (unsigned char)*text;
	bool control =
	        first < ' ' || first == 127 || (first == 0xc2 && (unsigned char)text[1] < 0xa0);

	return control ? 0 : utf8_bytes(text);
}

void tool_clean(char *text)
{
	while (*text != '\0') {
		unsigned length = character_bytes(text);
		if (length == 0) {
			*text = '?';
			length = 1;
		}
		text += length;
	}
}

void tool_put_padded(FILE *out, const char *text, unsigned columns)
{
	for (; *text != '\0' && columns > 0; columns--) {
		unsigned length = character_bytes(text);
		length = length == 0 ? 1 : length;
		fwrite(text, 1, length, out);
		text += length;
	}
	fprintf(out, "%*s", (int)columns, "");
}

void tool_json_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		/* So that no text can end the element of a page that it stands in. */
		if (*text == '<' || (unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

void tool_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (errno != EPIPE)
		tool_die("cannot write to standard output: %s", strerror(errno));
	exit(TOOL_EXIT_MISUSE);
}
