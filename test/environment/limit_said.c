/* The line about the limit is of the first request that the limit refuses in the end, and of no other that fails.
 * run: HALLOC_LIMIT=64M
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

enum { BLOCKS = 50, BLOCK_BYTES = 1000000 };

#define MIB ((size_t)1 << 20)

/* Whether the classes that hold most are named, each once. */
static bool names_each_once(const char *text)
{
	static const char word[] = ", slabs of ";
	unsigned long sizes[16];
	unsigned count = 0;

	for (; (text = strstr(text, word)) != NULL; text++) {
		REQUIRE(count < sizeof sizes / sizeof *sizes);
		sizes[count] = strtoul(text + sizeof word - 1, NULL, 10);
		for (unsigned i = 0; i < count; i++)
			if (sizes[i] == sizes[count])
				return false;
		count++;
	}
	return count > 1;
}

int main(void)
{
	static char *blocks[BLOCKS];
	char text[4096] = "";
	int ends[2], out = dup(STDERR_FILENO);

	for (size_t size = 100; size < 20000; size *= 3)
		REQUIRE(malloc(size) != NULL);
	REQUIRE(pipe(ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	for (unsigned i = 0; i < BLOCKS; i++)
		memset(blocks[i] = malloc(BLOCK_BYTES), 1, BLOCK_BYTES);
	for (unsigned i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	free(malloc(25 * MIB)); /* met, once what is idle has gone back */
	REQUIRE(malloc((size_t)-100) == NULL);
	REQUIRE(write(ends[1], "then ", 5) == 5);
	void *refused = malloc(60 * MIB);
	REQUIRE(refused == NULL || getenv("LD_PRELOAD") == NULL);
	REQUIRE(dup2(out, STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(read(ends[0], text, sizeof text - 1) > 0);
	fprintf(stderr, "%s", text);
	REQUIRE(strncmp(text, "then ", 5) == 0);
	REQUIRE(refused != NULL || strstr(text, " 62914560 more are refused") != NULL);
	REQUIRE(refused != NULL || names_each_once(text));
	return 0;
}
