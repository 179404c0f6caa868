/* A program that uses up all mappings the system allows: what the heap holds is still freed, resized and
 * handed out again, and whatever cannot be had is ENOMEM; once there are mappings again, so is memory. */
#include "test.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define MIB  ((size_t)1 << 20)

enum { LARGE = 40, MAPPINGS_MOST = 3000000 };

static char *range;
static size_t range_bytes;
static void *last_ones[16]; /* mappings that need none to be split */

static void give_back_mappings(void)
{
	for (int i = 0; i < 16; i++)
		if (last_ones[i]) {
			REQUIRE(munmap(last_ones[i], PAGE) == 0);
			last_ones[i] = NULL;
		}
	REQUIRE(munmap(range, range_bytes) == 0);
}

/* Returns: whether the system sets a limit that we could reach. */
static bool use_up_mappings(void)
{
	size_t page = 1;

	range_bytes = MAPPINGS_MOST * PAGE;
	range = mmap(NULL, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	             0);
	REQUIRE(range != MAP_FAILED);
	while (mprotect(range + page * PAGE, PAGE, PROT_READ) == 0) {
		page += 2;
		if (page >= MAPPINGS_MOST)
			return false;
	}
	REQUIRE(errno == ENOMEM);
	for (int i = 0; i < 16; i++) {
		/* of alternating protection, so that they do not merge */
		void *got = mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_EXEC,
		                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (got == MAP_FAILED)
			return true;
		last_ones[i] = got;
	}
	/* The limit was raised meanwhile. */
	give_back_mappings();
	return use_up_mappings();
}

static unsigned refusals;

/* Resizes block from size to wanted, which may be refused. Returns: the size that it has then. */
static size_t resize(char **block, size_t size, size_t wanted, unsigned owner)
{
	size_t kept = size < wanted ? size : wanted;
	char *moved;

	errno = 0;
	moved = realloc(*block, wanted);
	if (!moved) {
		REQUIRE(errno == ENOMEM);
		REQUIRE(filled(*block, size, owner));
		refusals++;
		return size;
	}
	*block = moved;
	REQUIRE(filled(moved, kept, owner));
	if (wanted > size)
		fill(moved, wanted, owner);
	return wanted;
}

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	char *blocks[LARGE];
	size_t sizes[LARGE];

	for (unsigned i = 0; i < LARGE; i++) {
		sizes[i] = i % 4 ? next_random(&random) % 3000 + 1 : 300000;
		blocks[i] = malloc(sizes[i]);
		if (blocks[i])
			fill(blocks[i], sizes[i], i);
		else
			REQUIRE(errno == ENOMEM);
	}
	for (unsigned round = 0; round < 30; round++) {
		unsigned i = next_random(&random) % LARGE;
		size_t wanted = next_random(&random) % 4 ? next_random(&random) % 3000 + 1
		                                         : next_random(&random) % (2 * MIB);
		if (blocks[i])
			sizes[i] = resize(&blocks[i], sizes[i], wanted, i);
	}
	for (unsigned i = 0; i < LARGE; i++)
		free(blocks[i]);
	return NULL;
}

/* Blocks of 1 MiB that can be had now, up to 200. */
static unsigned room(void)
{
	static void *blocks[200];
	unsigned count = 0;

	while (count < 200 && (blocks[count] = malloc(MIB)) != NULL)
		count++;
	for (unsigned i = 0; i < count; i++)
		free(blocks[i]);
	return count;
}

int main(void)
{
	static char *large[LARGE], *small[10000];
	size_t sizes[LARGE];
	pthread_t threads[3];
	uint32_t random = 5;

	for (unsigned i = 0; i < LARGE; i++) {
		sizes[i] = MIB + i * 50000;
		fill(large[i] = malloc(sizes[i]), sizes[i], i);
	}
	for (unsigned i = 0; i < 10000; i++)
		fill(small[i] = malloc(i % 500 + 1), i % 500 + 1, i);
	for (uintptr_t i = 0; i < 3; i++) /* stacks for the threads to come, which glibc keeps */
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);

	if (!use_up_mappings()) {
		printf("this system does not limit mappings\n");
		return 77;
	}
	for (unsigned round = 0; round < 200; round++) {
		unsigned i = next_random(&random) % LARGE;
		size_t wanted = 100000 + next_random(&random) % (6 * MIB);
		sizes[i] = resize(&large[i], sizes[i], wanted, i);
		if (round % 20 == 0)
			malloc_trim(0);
	}
	for (uintptr_t i = 0; i < 3; i++) /* the stacks are there, unless glibc wants new ones */
		if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)))
			threads[i] = 0;
	for (int i = 0; i < 3; i++)
		if (threads[i])
			pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 10000; i++) { /* each is freed, and its like can be had again */
		REQUIRE(filled(small[i], i % 500 + 1, i));
		free(small[i]);
		REQUIRE((small[i] = malloc(i % 500 + 1)));
		fill(small[i], i % 500 + 1, i);
	}
	for (unsigned i = 0; i < LARGE; i += 2) {
		REQUIRE(filled(large[i], sizes[i], i));
		free(large[i]);
		large[i] = NULL;
	}
	fprintf(stderr, "%u resizings refused; %u MiB to be had meanwhile, ", refusals, room());

	give_back_mappings();
	fprintf(stderr, "%u afterwards\n", room());
	REQUIRE(room() == 200);
	for (unsigned i = 1; i < LARGE; i += 2) {
		REQUIRE(filled(large[i], sizes[i], i));
		sizes[i] = resize(&large[i], sizes[i], 8 * MIB, i);
		REQUIRE(sizes[i] == 8 * MIB);
		free(large[i]);
	}
	for (unsigned i = 0; i < 10000; i++) {
		REQUIRE(filled(small[i], i % 500 + 1, i));
		free(small[i]);
	}
	return 0;
}
