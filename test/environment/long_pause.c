/* A program that leaves its heap alone for weeks: milliseconds in 32 bits have gone around when it comes back, more than
 * half or all of the way. What is idle then goes back all the same.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <sys/syscall.h>
#include <time.h>

enum { BLOCK_BYTES = 100 << 20, DAY_S = 24 * 60 * 60 };

static time_t ahead_s;

/* The library's calls come here, too. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += ahead_s;
	return result;
}

/* Each comes to a slow path. */
static void allocate_some(void)
{
	for (unsigned i = 0; i < 100; i++)
		free(malloc(40000));
}

static void check(time_t days)
{
	allocate_some();
	ahead_s += days * DAY_S;
	char *block = malloc(BLOCK_BYTES);
	REQUIRE(block != NULL);
	memset(block, 1, BLOCK_BYTES);
	free(block);
	for (unsigned minutes = 0; minutes < 5; minutes++) {
		allocate_some();
		ahead_s += 60;
	}
	REQUIRE(resident_bytes() < BLOCK_BYTES / 4);
}

int main(void)
{
	static const time_t days[] = {1, 24, 25, 26, 30, 40, 49, 50, 75, 80, 99};

	allocate_some();
	ahead_s += 1;
	for (unsigned i = 0; i < sizeof days / sizeof *days; i++)
		check(days[i]);
	return 0;
}
