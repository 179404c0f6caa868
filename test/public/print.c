/* hprint and heap_print write something readable: a line a cell, in use or free; or freed, where a mode holds its
 * addresses back. */
#include "walked.h"
#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>

static char text[1 << 20];

/* Fills text with what print writes, and checks that a person can read it. Without stdio, whose own blocks may take the
 * place of what was freed. */
static void collect(int (*print)(void *heap, int fd), void *heap)
{
	int fd = memfd_create("print", 0);

	REQUIRE(fd >= 0);
	REQUIRE(print(heap, fd) == 0);
	ssize_t length = pread(fd, text, sizeof text - 1, 0);
	close(fd);
	REQUIRE(length > 0 && text[length - 1] == '\n');
	text[length] = 0;
	for (ssize_t i = 0; i < length; i++)
		REQUIRE(isprint((unsigned char)text[i]) || text[i] == '\n' || text[i] == '\t');
}

static int print_heap(void *heap, int fd)
{
	return heap_print(heap, fd);
}

static int print_process(void *heap, int fd)
{
	(void)heap;
	return hprint(fd);
}

/* Returns: whether a line of text has both words. */
static bool has(const char *first, const char *second)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t length;
		line += *line == '\n';
		length = strcspn(line, "\n");
		if (memmem(line, length, first, strlen(first)) &&
		    memmem(line, length, second, strlen(second)))
			return true;
	}
	return false;
}

/* Returns: whether text has a line of a cell that ptr lies in, and is in that state. */
static bool covers(const void *ptr, const char *state)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t start = 0, size = 0;
		line += *line == '\n';
		if (sscanf(line, "%zx %zu", &start, &size) == 2 && (uintptr_t)ptr - start < size &&
		    memmem(line, strcspn(line, "\n"), state, strlen(state)) != NULL)
			return true;
	}
	return false;
}

int main(void)
{
	struct heap *heap = heap_create(0, 16);
	char *first = heap_alloc(heap, 160), *second = heap_alloc(heap, 320), address[30];
	void *large = halloc(3 << 20);

	heap_free(heap, first);
	collect(print_heap, heap);
	fputs(text, stderr);
	sprintf(address, "%lx", (unsigned long)(uintptr_t)first);
	REQUIRE(has("160", "free") && has(address, "free"));
	sprintf(address, "%lx", (unsigned long)(uintptr_t)second);
	REQUIRE(has("320", "use") && has(address, "use"));
	for (size_t i = 0; i < 500; i++)
		REQUIRE(halloc(40));
	collect(print_process, NULL);
	fprintf(stderr, "%.3000s", text);
	REQUIRE(has("48", "")); /* the slab of their class */
	REQUIRE(covers(large, "in use"));
	hfree(large);
	collect(print_process, NULL);
	REQUIRE(!covers(large, "in use"));
	const char *hardened = getenv("HALLOC_HARDENED");
	REQUIRE(covers(large, hardened != NULL && *hardened == '1' ? "held back" : "free"));
	heap_destroy(heap);
	return 0;
}
