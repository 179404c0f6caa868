/* Programs that map memory wherever they please find nothing there: CLISP puts its heap between 16 and 32 TiB over
 * whatever there is, and complains of it. The heap lies elsewhere each time that a program starts. */
#include "test.h"
#include <sys/wait.h>

enum { RUNS = 40 };

static const uintptr_t from = (uintptr_t)16 << 40, to = (uintptr_t)32 << 40;

/* A heap with all that it has: slabs, cells, and records of both. */
static void heap_fill(void)
{
	for (size_t size = 1; size < (size_t)64 << 20; size *= 2) {
		char *block = malloc(size), *aligned = aligned_alloc(4096, size);
		REQUIRE(block && aligned);
		*block = *aligned = 1;
	}
}

static void mappings_look(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4200];
	uintptr_t start, end;

	REQUIRE(maps);
	while (fgets(line, sizeof line, maps)) {
		REQUIRE(sscanf(line, "%zx-%zx", &start, &end) == 2);
		if (start < to && end > from)
			fputs(line, stderr);
		REQUIRE(start >= to || end <= from);
	}
	fclose(maps);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		heap_fill();
		mappings_look();
		return 0;
	}
	for (int run = 0; run < RUNS; run++) {
		int status;
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0) {
			setenv("HALLOC_HARDENED", run % 2 ? "1" : "0", 1);
			execl("/proc/self/exe", argv[0], "look", (char *)NULL);
			_exit(127);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(status == 0);
	}
	return 0;
}
