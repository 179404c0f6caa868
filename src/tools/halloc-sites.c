/*
 * halloc-sites - tells which code holds the memory of a running process, or of a core file.
 */
#include "core.h"
#include "sites.h"
#include "sites_text.h"
#include "source.h"
#include "symbols.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ROWS 10u
#define LIMIT_MOST 1000000ul

static const char help[] =
        "usage: halloc sites [OPTION]... PID|CORE\n"
        "\n"
        "Tells which code holds the memory of a process that runs under HALLOC_SAMPLE=N: the calls "
        "that\n"
        "allocated what is live, those that hold the most first. CORE is a core file of such a "
        "process, made\n"
        "by the kernel or by gcore; a file whose name is a number is written ./NUMBER.\n"
        "\n"
        "  --limit N  as many sites (table: 10; others: all)\n"
        "  --folded   a stack a line, the outermost call first, for flamegraph.pl, inferno and "
        "speedscope\n"
        "  --json     for other programs to read\n"
        "  --help     print this\n"
        "\n"
        "The columns:\n"
        "\n"
        "  BYTES, BLOCKS  what the site holds: an estimate, N times what is sampled of it\n"
        "  SAMPLED        the blocks that this is known from. Of 100 the estimate is right to some "
        "10 %\n"
        "                 mostly, of 10 to some 30 %. One large block says little.\n"
        "  CALLS          FUNCTION (FILE+OFFSET): addr2line -fe FILE OFFSET tells the line. "
        "Functions have\n"
        "                 names where the file has symbols, or its package of debugging symbols\n"
        "                 is installed, and is still the one that is mapped.\n"
        "\n"
        "Stacks are 16 calls deep: \"...\" stands for what may lie beyond. c++filt makes the names "
        "of C++\n"
        "readable. At most 1,024 sampled blocks are live at a time: where there was no room for "
        "more, a\n"
        "line says so, of --folded on standard error.\n"
        "\n"
        "A process is read through /proc/PID/mem while it runs, and is not stopped; that takes "
        "its user, or\n"
        "root; where kernel.yama.ptrace_scope is not 0, root.\n"
        "\n"
        "Exits 0; 2 on misuse, and when the process or core does not run under halloc, does not "
        "sample, is\n"
        "of another version, may not be read, is damaged, or ends meanwhile.\n";

struct request {
	const char *subject;
	sites_form form;
	size_t limit; /* 0: none was asked for */
};

static void form_set(struct request *request, sites_form form)
{
	if (request->form != NULL && request->form != form)
		tool_die("--folded and --json do not go together");
	request->form = form;
}

static bool option_read(void *place, const char *name, const char *value)
{
	struct request *request = place;

	if (strcmp(name, "--limit") == 0) {
		request->limit = tool_argument_number(name, value, 1, LIMIT_MOST);
		return true;
	}
	if (strcmp(name, "--folded") == 0)
		form_set(request, sites_text_folded);
	else if (strcmp(name, "--json") == 0)
		form_set(request, sites_text_json);
	else
		tool_unknown_option(name);
	return false;
}

static void arguments_read(struct request *request, int argc, char **argv)
{
	int end = tool_arguments(argc, argv, help, option_read, request);

	request->subject = source_subject(end, argv, "read");
	if (request->limit == 0)
		request->limit = request->form == NULL ? TABLE_ROWS : LIMIT_MOST;
	if (request->form == NULL)
		request->form = sites_text_table;
}

/* Folded stacks have no place for words. */
static void missing_warn(const struct sites *sites)
{
	char *text;
	size_t bytes;
	FILE *stream = tool_text_stream(&text, &bytes);
	bool any = sites_text_missing(stream, sites);

	fclose(stream);
	for (char *line = any ? strtok(text, "\n") : NULL; line != NULL; line = strtok(NULL, "\n"))
		tool_warn("%s", line);
	free(text);
}

int main(int argc, char **argv)
{
	struct request request = {0};
	struct sites sites;
	struct tool_error error;

	tool_name = "halloc sites";
	arguments_read(&request, argc, argv);
	struct source *source = source_of_subject(request.subject, &error);
	if (source == NULL || !sites_take(source, &sites, &error))
		tool_die("%s", error.text);
	if (source_is_cut(source))
		tool_warn("the core is cut short; Page B is whole in it");
	if (request.form == sites_text_folded)
		missing_warn(&sites);
	struct symbols *symbols = symbols_open(source);
	request.form(stdout, source, &sites, symbols, request.limit);
	tool_finish_output();
	symbols_close(symbols);
	sites_free(&sites);
	source_close(source);
	return EXIT_SUCCESS;
}
