/* What libc allocates and the program frees, and what libc allocates for itself. */
#include "test.h"
#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <iconv.h>
#include <limits.h>
#include <locale.h>
#include <malloc.h>
#include <regex.h>
#include <search.h>
#include <wchar.h>

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int not_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void strings(void)
{
	char *text = strdup("hello"), *part = strndup("hello", 3), *line = NULL, *joined, *word;
	wchar_t *wide = wcsdup(L"wide");
	size_t capacity = 0;
	FILE *stream;

	printf("%s %s %ls %s\n", text, part, wide, malloc_usable_size(text) >= 6 ? "ok" : "short");
	REQUIRE(asprintf(&joined, "%s-%0*d", text, 5000, 42) == 5006);
	printf("%zu %s\n", strlen(joined), joined + 5000);
	stream = fmemopen(joined, 5006, "r");
	REQUIRE(getline(&line, &capacity, stream) == 5006);
	SAY(strcmp(line, joined) == 0 && capacity > 5006);
	fclose(stream);
	REQUIRE(sscanf("a-word-of-no-length rest", "%ms", &word) == 1);
	puts(word);
	free(word);
	free(line);
	free(joined);
	free(wide);
	free(part);
	free(text);
}

static void streams(void)
{
	char *text = NULL, buffer[100];
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	for (int i = 0; i < 100000; i++)
		fprintf(stream, "%d ", i);
	fclose(stream);
	printf("memstream %zu bytes, ends %s\n", size, text + size - 6);
	free(text);
	stream = popen("echo from a shell", "r");
	REQUIRE(stream && fgets(buffer, sizeof buffer, stream));
	printf("%s", buffer);
	pclose(stream);
	stream = tmpfile();
	REQUIRE(stream);
	fprintf(stream, "%s", "to a file");
	fclose(stream);
}

static void paths(void)
{
	char *path = realpath("/usr/../usr/./bin/env", NULL), *here = getcwd(NULL, 0);
	struct dirent **entries = NULL;
	glob_t found;
	int count = scandir("/usr", &entries, not_dots, alphasort);

	printf("%s\n", path);
	SAY(here && here[0] == '/');
	SAY(count > 3);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(here);
	free(path);
	SAY(glob("/usr/b*", 0, NULL, &found) == 0 && found.gl_pathc > 0);
	globfree(&found);
}

static void tables(void)
{
	static int numbers[300000];
	uint32_t random = 1;
	void *tree = NULL;
	regex_t pattern;
	iconv_t conversion;
	bool sorted = true;

	for (size_t i = 0; i < 300000; i++)
		numbers[i] = (int)(next_random(&random) & 0xffffff);
	qsort(numbers, 300000, sizeof *numbers, by_value);
	for (size_t i = 1; i < 300000; i++)
		sorted = sorted && numbers[i - 1] <= numbers[i];
	SAY(sorted);
	for (int i = 0; i < 1000; i++) {
		char key[20];
		sprintf(key, "key %d", i * 37 % 1000);
		tsearch(strdup(key), &tree, by_name);
	}
	SAY(tfind("key 500", &tree, by_name) != NULL);
	tdestroy(tree, free);
	REQUIRE(regcomp(&pattern, "^(a|b)*c{1,50}(d+|e)$", REG_EXTENDED) == 0);
	SAY(regexec(&pattern, "ababccccddd", 0, NULL, 0) == 0);
	regfree(&pattern);
	conversion = iconv_open("UTF-16", "UTF-8");
	SAY(conversion != (iconv_t)-1);
	iconv_close(conversion);
	SAY(setlocale(LC_ALL, "C.UTF-8") != NULL);
	for (int i = 0; i < 1000; i++) {
		char name[20];
		sprintf(name, "NAME%d", i);
		setenv(name, "value", 1);
	}
	SAY(strcmp(getenv("NAME999"), "value") == 0);
}

int main(void)
{
	strings();
	streams();
	paths();
	tables();
	return 0;
}
