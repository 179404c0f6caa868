/* malloc_stats writes glibc's lines to stderr, numbers in their columns; more may follow. And where the program has put
 * another stream in its place, to that. */
#include "test.h"
#include <malloc.h>

/* The lines that say of each arena, and in total, what is in use. */
static bool per_arena(const char *line)
{
	return !strncmp(line, "Arena", 5) || !strncmp(line, "system", 6) ||
	       !strncmp(line, "in use", 6);
}

static void show(char *line)
{
	char *equals = strchr(line, '=');

	if (!strncmp(line, "Arena ", 6))
		puts("Arena #:");
	else if (equals)
		printf("%.*s = %d columns: %s\n", (int)(equals - line), line, (int)strlen(equals),
		       strtoul(equals + 1, NULL, 10) || strstr(line, "mmap") ? "a number"
		                                                             : "nothing");
	else
		printf("%s\n", line);
}

static void show_all(char *rest)
{
	char *line;
	int arenas = 0;

	while ((line = strsep(&rest, "\n"))) {
		arenas += !strncmp(line, "Arena ", 6);
		if (!strncmp(line, "Total", 5))
			arenas = 0;
		if (arenas <= 1 || !per_arena(line)) /* there may be any number of arenas */
			show(line);
		if (!strncmp(line, "max mmap bytes", 14))
			break;
	}
}

static void to_another_stream(void)
{
	static char buffer[1000];
	FILE *ours = stderr;
	char *text = NULL;
	size_t length = 0;

	stderr = open_memstream(&text, &length);
	malloc_stats();
	fclose(stderr);
	show_all(text);
	free(text);
	stderr = fmemopen(buffer, sizeof buffer, "w");
	setvbuf(stderr, NULL, _IOFBF, sizeof buffer);
	malloc_stats();
	SAY(buffer[0] == '\0');
	fclose(stderr);
	SAY(buffer[0] != '\0');
	stderr = ours;
}

int main(void)
{
	char text[20000];
	int ends[2];
	ssize_t got;
	int stderr_copy = dup(STDERR_FILENO);

	REQUIRE(pipe(ends) == 0);
	for (int i = 0; i < 3000; i++) /* more than are ever sampled at a time */
		(void)!malloc(1);
	(void)!malloc(100000);
	dup2(ends[1], STDERR_FILENO);
	malloc_stats();
	dup2(stderr_copy, STDERR_FILENO);
	close(ends[1]);
	got = read(ends[0], text, sizeof text - 1);
	REQUIRE(got > 0);
	text[got] = 0;
	show_all(text);
	to_another_stream();
	return 0;
}
