/* A program that sets limits for itself, below what it has mapped, while its threads allocate and resize, and it forks:
 * what cannot be had is ENOMEM, all that is held stays as it is, and once there is no limit there is memory again.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=5 */
#include "test.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { THREADS = 4, BLOCKS = 200, ROUNDS = 30, LARGE = 400000, SMALL = 4000 };

struct block {
	unsigned char *at;
	size_t size;
};

static bool stop;

static void mark(struct block *block, unsigned char sign)
{
	block->at[0] = block->at[block->size / 2] = block->at[block->size - 1] = sign;
}

static void check(const struct block *block, unsigned char sign)
{
	REQUIRE(block->at[0] == sign);
	REQUIRE(block->at[block->size / 2] == sign);
	REQUIRE(block->at[block->size - 1] == sign);
}

static void resize(struct block *block, size_t size, unsigned char sign)
{
	unsigned char *at = realloc(block->at, size);

	REQUIRE(at != NULL || errno == ENOMEM);
	if (at == NULL)
		return;
	REQUIRE(at[0] == sign);
	*block = (struct block){.at = at, .size = size};
	mark(block, sign);
}

static void renew(struct block *block, size_t size, unsigned char sign)
{
	free(block->at);
	*block = (struct block){.at = malloc(size), .size = size};
	REQUIRE(block->at != NULL || errno == ENOMEM);
	if (block->at != NULL)
		mark(block, sign);
}

static void *use_heap(void *arg)
{
	struct block blocks[BLOCKS] = {0};
	uint32_t random = (uint32_t)(uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned i = next_random(&random) % BLOCKS;
		size_t size =
		        1 + next_random(&random) % (next_random(&random) % 10 ? SMALL : LARGE);
		if (blocks[i].at != NULL)
			check(&blocks[i], (unsigned char)i);
		if (blocks[i].at != NULL && next_random(&random) % 3 == 0)
			resize(&blocks[i], size, (unsigned char)i);
		else
			renew(&blocks[i], size, (unsigned char)i);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i].at);
	return NULL;
}

/* What the process has, as the limit counts it: VmSize or VmData. */
static rlim_t bytes_now(const char *name)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[200];
	unsigned long kib = 0;

	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name), NULL, 10);
	if (status != NULL)
		fclose(status);
	return (rlim_t)kib << 10;
}

static void limit(int resource, rlim_t bytes)
{
	struct rlimit limits;

	REQUIRE(getrlimit(resource, &limits) == 0);
	limits.rlim_cur = bytes < limits.rlim_max ? bytes : limits.rlim_max;
	REQUIRE(setrlimit(resource, &limits) == 0);
}

static void use_limited(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		for (size_t size = 1; size < 200000; size += 1000)
			free(malloc(size));
		_exit(0);
	}
	REQUIRE(child < 0 || waitpid(child, &status, 0) == child);
	REQUIRE(child < 0 || status == 0);
	usleep(30000);
}

int main(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, use_heap, (void *)(i + 1)) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int resource = round % 2 ? RLIMIT_DATA : RLIMIT_AS;
		rlim_t now = bytes_now(round % 2 ? "VmData:" : "VmSize:");
		rlim_t less = (rlim_t)(round % 3) * 8 << 20;
		limit(resource, now > less ? now - less : 0);
		use_limited();
		limit(resource, RLIM_INFINITY);
		char *block = malloc(LARGE);
		REQUIRE(block != NULL);
		free(block);
		usleep(10000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
