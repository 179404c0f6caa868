/* A default heap is exactly two OS pages: one of cells, one of what is known of them. */
#include "walked.h"

enum { HEAPS = 1000 };

/* Returns: the bytes mapped readable or writable, with no file behind. */
static size_t mapped(void)
{
	static char text[1 << 20];
	size_t sum = 0, got = 0;
	ssize_t more;
	int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while ((more = read(file, text + got, sizeof text - 1 - got)) > 0)
		got += (size_t)more;
	text[got] = 0;
	close(file);
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		unsigned long from, to, inode;
		char rights[5];
		REQUIRE(sscanf(line, "%lx-%lx %4s %*s %*s %lu", &from, &to, rights, &inode) == 4);
		sum += inode == 0 && rights[0] == 'r' ? to - from : 0;
	}
	return sum;
}

int main(void)
{
	static struct heap *heaps[HEAPS];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), before, during;
	char *cell;

	heaps[0] = heap_create(0, 0);
	REQUIRE(heaps[0]);
	REQUIRE(walk(heaps[0])->count == 1);
	REQUIRE(walk(heaps[0])->total == page);
	REQUIRE(walk(heaps[0])->used == 0);
	cell = heap_alloc(heaps[0], 1);
	REQUIRE(cell && (uintptr_t)cell % page == 0);
	REQUIRE(walk(heaps[0])->used == 16); /* the granule */
	REQUIRE(heap_alloc(heaps[0], 0) == cell + 16);
	REQUIRE(heap_alloc(heaps[0], 17) == cell + 32);
	REQUIRE(heap_alloc(heaps[0], 16) == cell + 64);
	heap_destroy(heaps[0]);
	before = mapped();
	for (int i = 0; i < HEAPS; i++)
		REQUIRE((heaps[i] = heap_create(0, 0)));
	during = mapped();
	REQUIRE(during - before >= HEAPS * 2 * page);
	REQUIRE(during - before < HEAPS * 2 * page + (128 << 10)); /* the list of heaps, perhaps */
	for (int i = 0; i < HEAPS; i++) {
		cell = heap_alloc(heaps[i], page); /* all of Page A is the user's */
		REQUIRE(cell);
		memset(cell, i, page);
	}
	for (int i = 0; i < HEAPS; i++)
		heap_destroy(heaps[i]);
	REQUIRE(mapped() < before + (128 << 10));
	return 0;
}
