/* Where data are limited, and no block has guards, what is written to one that was freed is not handed out as zeros.
 * modes: HALLOC_HARDENED=1 HALLOC_SAMPLE=1 */
#include "test.h"
#include <sys/resource.h>

enum { BYTES = 100000, AT = 50000, ROUNDS = 600 };

int main(int count, char **arguments)
{
	struct rlimit limit;

	REQUIRE(errno == 0);
	REQUIRE(getrlimit(RLIMIT_DATA, &limit) == 0);
	if (limit.rlim_cur == RLIM_INFINITY) {
		REQUIRE(count == 1);
		limit.rlim_cur = (rlim_t)4 << 30;
		REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
		execv("/proc/self/exe", arguments);
		test_fail(__FILE__, __LINE__, "execv");
	}
	char *stale = malloc(BYTES);
	free(stale);
	stale[AT] = 'x';
	for (int i = 0; i < ROUNDS; i++) {
		char *block = calloc(1, BYTES);
		REQUIRE(block != NULL);
		for (int k = 0; k < BYTES; k++)
			REQUIRE(block[k] == 0);
		free(block);
	}
	return 0;
}
