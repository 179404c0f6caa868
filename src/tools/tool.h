/*
 * tool.h - what the tools share: how they fail, and how they write numbers.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { TOOL_EXIT_MISUSE = 2 };

/* Begins every line on standard error: "halloc top". To be set first of all. */
extern const char *tool_name;

/* Words about a failure, for the one line that people get. */
struct tool_error {
	char text[256];
};

/* Sets the words. Returns: false, so that a failing function can return it. */
bool tool_fail(struct tool_error *error, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* A line on standard error. */
void tool_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line on standard error, and exit 2. */
_Noreturn void tool_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory, never NULL: without memory there is nothing a tool can do. */
void *tool_new(size_t count, size_t bytes);
void *tool_resize(void *old, size_t count, size_t bytes);

/* Seconds from an arbitrary moment. */
double tool_now_seconds(void);

/* A size in at most five characters: 0, 999, 1.5K, 15.2M, 200G. */
struct tool_text {
	char text[32];
};
struct tool_text tool_bytes(uint64_t bytes);

/* A count in at most five characters: 999, 1.5k, 15.2M. */
struct tool_text tool_count(double count);

/* Reads an option into the request. Returns: whether it took the value, which is NULL where nothing follows. */
typedef bool (*tool_option)(void *request, const char *name, const char *value);

/* Reads all options, wherever among the arguments they stand; "--" ends them, and --help prints the help and ends the tool.
 * Returns: the end of the other arguments, which then begin at argv[1]. */
int tool_arguments(int argc, char **argv, const char *help, tool_option read, void *request);
_Noreturn void tool_unknown_option(const char *name);

/* Returns: the value of an option, or dies as there is none. */
const char *tool_value(const char *name, const char *value);

/* Reads a whole argument, or dies saying what the option, or argument, takes. */
double tool_argument_seconds(const char *name, const char *text, double least, double most);
unsigned long tool_argument_number(const char *name, const char *text, unsigned long least,
                                   unsigned long most);
pid_t tool_argument_pid(const char *text);

/* Of items that begin with an address each, a uint64_t, in their order: how many begin at one, or below it. */
size_t tool_count_up_to(uint64_t address, const void *items, size_t count, size_t item_bytes);

/* Opens what makes a text of what is written to it, there once it is closed, to be freed; or dies. */
FILE *tool_text_stream(char **text, size_t *bytes);

/* Replaces what could move a terminal's cursor, and what is not UTF-8. */
void tool_clean(char *text);

/* Writes cleaned text, cut or padded to so many characters. */
void tool_put_padded(FILE *out, const char *text, unsigned columns);

/* Writes text, in quotes, for JSON; also where that stands in a page of HTML. */
void tool_json_string(FILE *out, const char *text);

/* Closes standard output, or dies saying that it could not be written; a closed pipe is silent. */
void tool_finish_output(void);

#endif
