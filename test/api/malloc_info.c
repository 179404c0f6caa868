/* malloc_info writes well-formed XML with glibc's elements and attributes: those of fast bins, too, which glibc has none of
 * since 2.43. */
#include "test.h"
#include <ctype.h>
#include <malloc.h>

static char open_tags[50][50];
static int depth, deepest;

/* Reads the name of the element at text. */
static void read_name(const char *text, char *name)
{
	size_t length = strcspn(text, " />");

	REQUIRE(length > 0 && length < 50);
	memcpy(name, text, length);
	name[length] = 0;
}

/* Reads the attributes of a start tag: name="value", spaces between; no value holds < or &. */
static void read_attributes(const char *text, const char *end)
{
	while (text < end && isspace((unsigned char)*text)) {
		text += strspn(text, " ");
		if (*text == '/' || *text == '>')
			return;
		REQUIRE(strspn(text, "abcdefghijklmnopqrstuvwxyz") > 0);
		text += strspn(text, "abcdefghijklmnopqrstuvwxyz");
		REQUIRE(text[0] == '=' && text[1] == '"');
		text += 2 + strcspn(text + 2, "\"<&");
		REQUIRE(*text++ == '"');
	}
}

static void read_tag(const char *text, const char *end)
{
	char name[50];

	if (text[1] == '/') {
		read_name(text + 2, name);
		REQUIRE(depth > 0);
		REQUIRE(strcmp(open_tags[--depth], name) == 0);
		return;
	}
	read_name(text + 1, name);
	read_attributes(text + 1 + strlen(name), end);
	if (end[-1] != '/') {
		REQUIRE(depth < 50);
		strcpy(open_tags[depth++], name);
	}
	deepest = depth > deepest ? depth : deepest;
}

static void check_xml(const char *text)
{
	const char *end;

	while (*text) {
		if (*text == '<') {
			REQUIRE((end = strchr(text, '>')));
			read_tag(text, end);
			text = end + 1;
		} else {
			REQUIRE(isspace((unsigned char)*text));
			text++;
		}
	}
	REQUIRE(depth == 0);
}

/* Says whether the format, whose # stand for numbers, is found in text. */
static void find(const char *text, const char *format)
{
	const char *at = text, *f, *t;
	size_t length = strcspn(format, "#");

	for (; *at; at++) {
		if (strncmp(at, format, length))
			continue;
		for (f = format, t = at; *f; f++) {
			if (*f == '#' && isdigit((unsigned char)*t))
				t += strspn(t, "0123456789");
			else if (*f != *t++)
				break;
		}
		if (!*f)
			break;
	}
	printf("%s %s\n", *at ? "has" : "lacks", format);
}

/* Takes the totals of fast bins out of text. Returns: how many there were. */
static int take_fast(char *text)
{
	const char *fast = "<total type=\"fast\" count=\"";
	int count = 0;

	while ((text = strstr(text, fast)) != NULL) {
		char *end = strchr(text, '\n');
		REQUIRE(end != NULL);
		memmove(text, end + 1, strlen(end + 1) + 1);
		count++;
	}
	return count;
}

int main(void)
{
	static void *blocks[3000];
	char *text, *totals;
	size_t length;
	FILE *stream = tmpfile();

	SAY(malloc_info(1, stream) == EINVAL);
	SAY(malloc_info(-1, stream) == EINVAL);
	rewind(stream);
	SAY(fgetc(stream) == EOF);
	for (size_t i = 0; i < 3000; i++)
		blocks[i] = malloc(i % 300 * 50 + 1);
	for (size_t i = 0; i < 3000; i += 2)
		free(blocks[i]);
	(void)!malloc(100000); /* glibc sorts its free blocks by size when this comes by */
	(void)!malloc(30 << 20);
	SAY(malloc_info(0, stream) == 0);
	length = (size_t)ftell(stream);
	text = calloc(1, length + 1);
	rewind(stream);
	REQUIRE(fread(text, 1, length, stream) == length);
	check_xml(text);
	if (is_under_halloc())
		REQUIRE(take_fast(text) == 2);
	else
		take_fast(text);
	printf("well-formed, %d deep\n", deepest);
	printf("%.*s\n", (int)strcspn(text, "\n"), text);
	find(text, "<heap nr=\"0\">\n<sizes>\n");
	find(text, "  <size from=\"#\" to=\"#\" total=\"#\" count=\"#\"/>\n");
	find(text, "</sizes>\n<total type=\"rest\" count=\"#\" size=\"#\"/>\n"
	           "<system type=\"current\" size=\"#\"/>\n<system type=\"max\" size=\"#\"/>\n"
	           "<aspace type=\"total\" size=\"#\"/>\n<aspace type=\"mprotect\" size=\"#\"/>\n"
	           "</heap>\n");
	totals = strstr(text, "</heap>\n<total");
	SAY(totals != NULL);
	find(totals ? totals : "",
	     "<total type=\"rest\" count=\"#\" size=\"#\"/>\n"
	     "<total type=\"mmap\" count=\"#\" size=\"#\"/>\n"
	     "<system type=\"current\" size=\"#\"/>\n<system type=\"max\" size=\"#\"/>\n"
	     "<aspace type=\"total\" size=\"#\"/>\n<aspace type=\"mprotect\" size=\"#\"/>\n"
	     "</malloc>\n");
	totals = strstr(text, "<total type=\"mmap\" count=\"");
	SAY(totals && strtoul(totals + 26, NULL, 10) >= 1);
	free(text);
	return 0;
}
