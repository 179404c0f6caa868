/*
 * halloc-map - draws the heap of a running process, or of a core file.
 */
#include "core.h"
#include "map.h"
#include "reader.h"
#include "source.h"
#include "terminal.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMNS_LEAST 20ul
#define COLUMNS_MOST  1000ul
#define ROWS_PLAIN    24u

static const char help[] =
        "usage: halloc map [OPTION]... PID|CORE\n"
        "\n"
        "Draws Page A, the memory that halloc deals out in a process: each stretch by what it is.\n"
        "CORE is a core file of a process that ran under halloc, made by the kernel or by gcore; "
        "a\n"
        "file whose name is a number is written ./NUMBER.\n"
        "\n"
        "  --by state|class   colours, and letters, by what memory is (state), or also by the "
        "size\n"
        "                     class of its slots (class)\n"
        "  --color WHEN       always, never or auto: when standard output is a terminal\n"
        "  --width COLUMNS    not the window's, but 20 to 1000\n"
        "  --height ROWS      likewise, 8 to 1000\n"
        "  --svg FILE         write a picture to FILE (-: standard output) in place of the text\n"
        "  --html FILE        likewise a page in which to zoom from the whole heap into a slab "
        "and\n"
        "                     its slots, with a size histogram, fragmentation by class, and what\n"
        "                     hdefrag would give back. It needs no network and nothing beside it.\n"
        "  --help             print this\n"
        "\n"
        "The states, with their letters where there is no colour:\n"
        "\n"
        "  # live     slots that the program holds      @ large    large blocks that it holds\n"
        "  + cached   free slots in threads' caches     o idle     free, in memory: can go back\n"
        "  - free     free slots on OS pages that slots in use keep in memory\n"
        "  . purged   no memory behind it: never used, or given back to the system\n"
        "  ? unknown  changed too often while it was read\n"
        "\n"
        "A process is read through /proc/PID/mem while it runs, and is not stopped; that takes "
        "its\n"
        "user, or root; where kernel.yama.ptrace_scope is not 0, root. What was changing while it "
        "was\n"
        "read is read again; what stayed torn even so is counted. Heaps made by heap_create are "
        "not\n"
        "shown.\n"
        "\n"
        "Exits 0; 2 on misuse, and when the process or core does not run under halloc, is of "
        "another\n"
        "version of it, may not be read, is damaged, or ends meanwhile.\n";

struct request {
	const char *subject;
	const char *svg;
	const char *html;
	bool by_class;
	int colour; /* -1: never, 0: where it is a terminal, 1: always */
	unsigned columns;
	unsigned rows;
};

static int colour_named(const char *when)
{
	if (strcmp(when, "always") == 0)
		return 1;
	if (strcmp(when, "never") == 0)
		return -1;
	if (strcmp(when, "auto") != 0)
		tool_die("--color takes always, never or auto, not '%s'", when);
	return 0;
}

static bool is_class(const char *what)
{
	if (strcmp(what, "state") != 0 && strcmp(what, "class") != 0)
		tool_die("--by takes state or class, not '%s'", what);
	return *what == 'c';
}

/* Every option takes a value. */
static bool option_read(void *place, const char *name, const char *value)
{
	struct request *request = place;

	if (strcmp(name, "--by") == 0)
		request->by_class = is_class(tool_value(name, value));
	else if (strcmp(name, "--color") == 0)
		request->colour = colour_named(tool_value(name, value));
	else if (strcmp(name, "--width") == 0)
		request->columns =
		        (unsigned)tool_argument_number(name, value, COLUMNS_LEAST, COLUMNS_MOST);
	else if (strcmp(name, "--height") == 0)
		request->rows = (unsigned)tool_argument_number(name, value, 8, COLUMNS_MOST);
	else if (strcmp(name, "--svg") == 0)
		request->svg = tool_value(name, value);
	else if (strcmp(name, "--html") == 0)
		request->html = tool_value(name, value);
	else
		tool_unknown_option(name);
	return true;
}

static void arguments_read(struct request *request, int argc, char **argv)
{
	int end = tool_arguments(argc, argv, help, option_read, request);

	request->subject = source_subject(end, argv, "drawn");
	if (request->svg != NULL && request->html != NULL && strcmp(request->svg, "-") == 0 &&
	    strcmp(request->html, "-") == 0)
		tool_die("--svg and --html cannot both go to standard output");
}

typedef void (*picture_form)(FILE *out, const struct source *source,
                             const struct reader_snapshot *snapshot);

/* Writes a picture to a file, which does not stay when it cannot be written whole; devices do. */
static void picture_write(const char *path, picture_form draw, const struct source *source,
                          const struct reader_snapshot *snapshot)
{
	if (strcmp(path, "-") == 0) {
		draw(stdout, source, snapshot);
		tool_finish_output();
		return;
	}
	FILE *out = fopen(path, "we");
	if (out == NULL)
		tool_die("cannot write %s: %s", path, strerror(errno));
	struct stat status;
	bool regular = fstat(fileno(out), &status) == 0 && S_ISREG(status.st_mode);
	draw(out, source, snapshot);
	bool failed = ferror(out) != 0;
	int reason = errno;
	if (fclose(out) != 0) {
		failed = true;
		reason = errno;
	}
	if (failed) {
		if (regular)
			unlink(path);
		tool_die("cannot write %s: %s", path, strerror(reason));
	}
}

static void text_write(const struct request *request, const struct source *source,
                       const struct reader_snapshot *snapshot)
{
	struct terminal_size size = terminal_size(STDOUT_FILENO);
	bool is_terminal = isatty(STDOUT_FILENO);
	const char *term = getenv("TERM");
	struct map_text_options options = {
	        .columns = request->columns != 0 ? request->columns : size.columns,
	        .rows = request->rows != 0 ? request->rows
	                : is_terminal      ? size.rows
	                                   : ROWS_PLAIN,
	        .by_class = request->by_class,
	        .utf8 = terminal_is_utf8(),
	};

	options.colour =
	        request->colour > 0 || (request->colour == 0 && is_terminal && term != NULL &&
	                                strcmp(term, "dumb") != 0 && getenv("NO_COLOR") == NULL);
	map_text(stdout, source, snapshot, &options);
	tool_finish_output();
}

int main(int argc, char **argv)
{
	struct request request = {0};
	struct reader_snapshot snapshot;
	struct tool_error error;

	tool_name = "halloc map";
	arguments_read(&request, argc, argv);
	struct source *source = source_of_subject(request.subject, &error);
	if (source == NULL)
		tool_die("%s", error.text);
	if (!reader_take(source, READER_SLOTS, &snapshot, &error))
		tool_die("%s", error.text);
	if (source_is_cut(source))
		tool_warn("the core is cut short; Page B is whole in it");
	if (request.svg != NULL)
		picture_write(request.svg, map_svg, source, &snapshot);
	if (request.html != NULL)
		picture_write(request.html, map_html, source, &snapshot);
	if (request.svg == NULL && request.html == NULL)
		text_write(&request, source, &snapshot);
	reader_free(&snapshot);
	source_close(source);
	return EXIT_SUCCESS;
}
