/* The heap is a handful of mappings, however much goes in and out of it: vm.max_map_count is not for it. In
 * hardened mode its guards take two fifths of that, and no more.
 * run: HALLOC_PURGE_AFTER_MS=0 */
#include "test.h"
#include <malloc.h>
#include <pthread.h>

enum { THREADS = 6, HELD = 3000, MOST = 250 };

static pthread_barrier_t all_full, all_counted;

static unsigned mappings(void)
{
	char buffer[4096];
	unsigned lines = 0;
	ssize_t got;
	int file = open("/proc/self/maps", O_RDONLY);

	REQUIRE(file >= 0);
	while ((got = read(file, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < got; i++)
			lines += buffer[i] == '\n';
	close(file);
	return lines;
}

/* The mappings that guards may take. */
static unsigned guards_most(void)
{
	const char *hardened = getenv("HALLOC_HARDENED");
	char text[32] = "";
	int file;

	if (!hardened || strcmp(hardened, "1") != 0)
		return 0;
	file = open("/proc/sys/vm/max_map_count", O_RDONLY);
	REQUIRE(file >= 0);
	REQUIRE(read(file, text, sizeof text - 1) > 0);
	close(file);
	return (unsigned)strtoul(text, NULL, 10) / 5 * 2;
}

static size_t size_of(uint32_t *random)
{
	unsigned dice = next_random(random) % 100;

	return 1 + (dice ? next_random(random) % 20000 : next_random(random) % 3000000);
}

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	char **held = calloc(HELD, sizeof *held);

	for (unsigned i = 0; i < 20 * HELD; i++) {
		unsigned slot = next_random(&random) % HELD;
		size_t size = size_of(&random);
		held[slot] = next_random(&random) % 2 ? (free(held[slot]), malloc(size))
		                                      : realloc(held[slot], size);
		REQUIRE(held[slot]);
		held[slot][0] = held[slot][size - 1] = 1;
	}
	for (unsigned i = 0; i < HELD; i += 2) { /* holes, and what of them goes back */
		free(held[i]);
		held[i] = NULL;
	}
	malloc_trim(0);
	pthread_barrier_wait(&all_full);
	pthread_barrier_wait(&all_counted);
	for (unsigned i = 0; i < HELD; i++)
		free(held[i]);
	free(held);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	unsigned before = mappings(), full, most = before + MOST + guards_most();

	pthread_barrier_init(&all_full, NULL, THREADS + 1);
	pthread_barrier_init(&all_counted, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	pthread_barrier_wait(&all_full);
	full = mappings();
	fprintf(stderr, "mappings: %u at the start, %u with all blocks", before, full);
	pthread_barrier_wait(&all_counted);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	fprintf(stderr, ", %u at the end\n", mappings());
	REQUIRE(full < most);
	REQUIRE(mappings() < most);
	return 0;
}
