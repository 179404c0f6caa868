/* Where no guard can be had, blocks of no bytes are sampled like others: they end when they are freed, and take the place
 * of no other.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <malloc.h>
#include <sys/resource.h>

/* More than may be sampled at a time. */
enum { ZEROS = 3000, LIMIT_BYTES = 2000000000 };

static bool is_sampled(void)
{
	void *block = malloc(100);
	bool exact = malloc_usable_size(block) == 100;

	free(block);
	return exact;
}

int main(int count, char **words)
{
	if (count == 1) {
		/* read when the program starts */
		struct rlimit limit = {LIMIT_BYTES, LIMIT_BYTES};
		char *again[] = {words[0], "again", NULL};
		REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
		REQUIRE(setenv("HALLOC_SAMPLE", "1", 1) == 0);
		execv("/proc/self/exe", again);
		REQUIRE(false);
	}
	bool sampled = is_sampled();
	REQUIRE(sampled || getenv("LD_PRELOAD") == NULL);
	for (unsigned i = 0; i < ZEROS; i++) {
		void *one = malloc(0), *other = malloc(0);
		REQUIRE(one != NULL);
		REQUIRE(other != one);
		free(one);
		free(other);
	}
	REQUIRE(is_sampled() == sampled);
	return 0;
}
