/*
 * halloc-diff - says where two files first differ.
 *
 * Bytes are compared, not lines, so that any output of any program can be. What comes before the
 * first difference is the same in both files: one offset of the line's start serves for both.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	exit_same = 0,
	exit_different = 1,
	exit_trouble = 2,
	shown_before = 30, /* bytes of the line that are shown ahead of the difference */
	shown_bytes = 80,
};

static const char help[] =
        "usage: halloc-diff FILE1 FILE2\n"
        "\n"
        "Exits 0, silently, when the files are the same. Exits 1 when they differ, after three "
        "lines: the\n"
        "number of the first line that differs, and that line in each file, escaped, and cut to 80 "
        "bytes\n"
        "around the difference. Exits 2 on misuse, or when a file cannot be read.\n";

_Noreturn static void fail(const char *what, const char *which)
{
	fprintf(stderr, "halloc-diff: %s: %s\n", which, what);
	exit(exit_trouble);
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		fail(strerror(errno), path);
	return file;
}

static void print_byte(int byte)
{
	if (byte == '\t')
		fputs("\\t", stdout);
	else if (byte == '\\')
		fputs("\\\\", stdout);
	else if (byte >= ' ' && byte <= '~')
		putchar(byte);
	else
		printf("\\x%02x", (unsigned)byte);
}

/* Prints, on one line, what file holds from offset to the end of the line there. */
static void print_line(FILE *file, long long offset, long long line_start)
{
	if (fseeko(file, (off_t)offset, SEEK_SET) != 0)
		fail(strerror(errno), "seek");
	int byte = getc(file);
	if (byte == EOF && offset == line_start) {
		puts("(end of file)");
		return;
	}
	if (offset > line_start)
		fputs("...", stdout);
	for (int shown = 0; byte != EOF && byte != '\n'; byte = getc(file)) {
		if (++shown > shown_bytes) {
			puts("...");
			return;
		}
		print_byte(byte);
	}
	puts(byte == EOF ? " (no newline at the end)" : "");
}

/* Where two files first differ. */
struct place {
	long long offset;
	long long line; /* its number, from 1 */
	long long line_start;
};

/* Returns: false when they are the same. */
static bool find_difference(FILE *first, FILE *second, struct place *place)
{
	int byte = getc_unlocked(first);

	*place = (struct place){.line = 1};
	while (byte == getc_unlocked(second)) {
		if (byte == EOF)
			return false;
		place->offset++;
		if (byte == '\n') {
			place->line++;
			place->line_start = place->offset;
		}
		byte = getc_unlocked(first);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct place place;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return exit_same;
	}
	if (argc != 3)
		fail("two files, please", "usage");
	FILE *first = open_file(argv[1]);
	FILE *second = open_file(argv[2]);
	bool differ = find_difference(first, second, &place);
	if (ferror(first))
		fail("cannot be read", argv[1]);
	if (ferror(second))
		fail("cannot be read", argv[2]);
	if (!differ)
		return exit_same;

	long long from = place.offset - shown_before;
	if (from < place.line_start)
		from = place.line_start;
	printf("%lld\n", place.line);
	print_line(first, from, place.line_start);
	print_line(second, from, place.line_start);
	return exit_different;
}
