/* scale - usage: scale MIB. The same replacements at random, in heaps of more and more MiB: what an
 * operation costs beyond the misses of the caches. Says also what the system was asked for. */
#include "bench.h"
#include <time.h>

enum { replacements = 4000000, size_max = 2048, mib_max = 8192 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static unsigned mappings(void)
{
	unsigned count = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof line, maps))
		count++;
	if (maps)
		fclose(maps);
	return count;
}

static char *block_new(uint32_t *seed)
{
	size_t size = 16 + next_random(seed) % (size_max - 16);
	char *block = malloc(size);

	REQUIRE(block);
	block[0] = block[size - 1] = 1;
	return block;
}

int main(int argc, char **argv)
{
	size_t mib = argc == 2 ? (size_t)atoi(argv[1]) : 0;
	uint32_t seed = 10;

	if (mib < 1 || mib > mib_max) {
		fprintf(stderr, "usage: scale MIB, of 1 to %d\n", mib_max);
		return 2;
	}
	size_t count = (mib << 20) / (size_max / 2);
	char **blocks = malloc(count * sizeof *blocks);
	REQUIRE(blocks);
	for (size_t i = 0; i < count; i++)
		blocks[i] = block_new(&seed);
	double start = seconds();
	for (unsigned i = 0; i < replacements; i++) {
		size_t at = next_random(&seed) % count;
		free(blocks[at]);
		blocks[at] = block_new(&seed);
	}
	printf("%zu MiB: %.1f ns for a replacement, %u mappings\n", mib,
	       (seconds() - start) * 1e9 / replacements, mappings());
	return 0;
}
