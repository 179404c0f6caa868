/* A request that is far too large is refused, and leaves what there is to those that follow: under HALLOC_LIMIT, and where
 * the system has only so many addresses.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 */
#include "test.h"

#include <malloc.h>
#include <sys/resource.h>

enum { BLOCK_BYTES = 10 << 20, BLOCKS = 400 };

static const size_t addresses = 4000000000;

/* In a new process, as the environment and the limits are read once. */
static void again(char *self, const char *what)
{
	char *words[] = {self, (char *)(uintptr_t)what, NULL};

	execv("/proc/self/exe", words);
	REQUIRE(false);
}

static void ask_for_too_much(void)
{
	for (unsigned shift = 47; shift > 34; shift--) {
		free(malloc((size_t)1 << shift));
		free(memalign((size_t)1 << shift, 100));
		free(realloc(malloc(100000), (size_t)3 << (shift - 1)));
	}
}

int main(int count, char **words)
{
	if (count == 1) {
		REQUIRE(setenv("HALLOC_LIMIT", "256M", 1) == 0);
		again(words[0], "limit");
	}
	if (strcmp(words[1], "limit") == 0) {
		ask_for_too_much();
		REQUIRE(blocks_to_be_had(BLOCK_BYTES, BLOCKS) >= 20);
		REQUIRE(unsetenv("HALLOC_LIMIT") == 0);
		struct rlimit limit = {addresses, addresses};
		REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
		again(words[0], "addresses");
	}
	ask_for_too_much();
	REQUIRE(blocks_to_be_had(BLOCK_BYTES, BLOCKS) >= 300);
	return 0;
}
