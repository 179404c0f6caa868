/* RLIMIT_AS and RLIMIT_DATA: a program allocates until it is told ENOMEM, keeps what it has, gives it
 * back, and gets as much again; alone, and in several threads at once. */
#include "test.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

enum { THREADS = 4 };

struct block {
	struct block *next;
	size_t size;
};

static size_t limit;
static pthread_barrier_t all_start, all_full;

/* Takes blocks until there are no more. Returns: how many. */
static size_t eat(struct block **list, size_t size)
{
	size_t count = 0;

	for (;; count++) {
		errno = 0;
		struct block *block = malloc(size);
		if (!block)
			break;
		((char *)block)[size - 1] = 1;
		*block = (struct block){*list, size};
		*list = block;
	}
	REQUIRE(errno == ENOMEM);
	return count;
}

static void release(struct block **list)
{
	while (*list) {
		struct block *block = *list;
		*list = block->next;
		free(block);
	}
}

/* There is no memory: all calls say so, and nothing is lost. */
static void refused(void)
{
	static char kept[3000];
	char *small = malloc(3000), *large = NULL;
	void *place = kept;

	if (!small) { /* of the size that ran out */
		REQUIRE(errno == ENOMEM);
		return;
	}
	fill(small, 3000, 1);
	errno = 0;
	REQUIRE(!realloc(small, limit));
	REQUIRE(errno == ENOMEM);
	REQUIRE(filled(small, 3000, 1));
	errno = 0;
	REQUIRE(!calloc(limit / 100, 100));
	REQUIRE(errno == ENOMEM);
	REQUIRE(posix_memalign(&place, 4096, limit) == ENOMEM);
	REQUIRE(place == kept);
	errno = 0;
	large = aligned_alloc(4096, limit);
	REQUIRE(!large);
	REQUIRE(errno == ENOMEM);
	free(small);
}

/* As much as the limit is good for, again and again. */
static void alone(size_t size)
{
	struct block *blocks = NULL;
	size_t first = eat(&blocks, size), last = 0;

	fprintf(stderr, "blocks of %zu: %zu", size, first);
	for (int round = 0; round < 4; round++) {
		refused();
		release(&blocks);
		last = eat(&blocks, size);
		fprintf(stderr, ", %zu", last);
	}
	release(&blocks);
	fprintf(stderr, "\n");
	REQUIRE(first * size >= limit / 2);
	REQUIRE(last >= first / 10 * 9);
}

static void *work(void *arg)
{
	uintptr_t number = (uintptr_t)arg;
	/* The pages of the smallest are all touched, and memory of the machine is not the subject. */
	size_t sizes[] = {limit <= 64 * MIB ? 100 : 30000, 60000, 300000, MIB};
	struct block *blocks = NULL;

	for (unsigned round = 0; round < 6; round++) {
		pthread_barrier_wait(&all_start);
		eat(&blocks, sizes[(number + round) % 4]);
		pthread_barrier_wait(&all_full);
		release(&blocks);
	}
	return NULL;
}

static void together(void)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;
	char *text = NULL;

	pthread_barrier_init(&all_start, NULL, THREADS);
	pthread_barrier_init(&all_full, NULL, THREADS);
	pthread_attr_init(&attributes);
	REQUIRE(pthread_attr_setstacksize(&attributes, 64 * KIB) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], &attributes, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	REQUIRE(asprintf(&text, "%0100000d", 5) == 100000);
	free(text);
}

/* Runs this program under a limit from its very start; size 0 stands for the threads. */
static void run(int resource, const char *name, size_t bytes, size_t size)
{
	struct rlimit limits = {bytes, bytes};
	char texts[2][30];
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		sprintf(texts[0], "%zu", bytes);
		sprintf(texts[1], "%zu", size);
		REQUIRE(setrlimit(resource, &limits) == 0);
		execl("/proc/self/exe", "limits", texts[0], texts[1], (char *)NULL);
		_exit(9);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	fprintf(stderr, "%s of %zu MiB: status %#x\n", name, bytes / MIB, status);
	REQUIRE(status == 0);
}

/* The smallest blocks that are tried under a limit, as the machine must have the memory: slots are touched at
 * their ends, the smaller ones wholly, and in hardened mode all of them wholly when they are freed. */
static size_t size_least(size_t bytes)
{
	const char *hardened = getenv("HALLOC_HARDENED");

	if (bytes <= 64 * MIB)
		return 1;
	return bytes > 512 * MIB && hardened && strcmp(hardened, "1") == 0 ? 300000 : 30000;
}

static void run_all(int resource, const char *name, size_t bytes)
{
	/* Of a size in each path: cells, slabs of large, middling and small slots. */
	size_t sizes[] = {MIB, 300000, 30000, 1000, 50, 0};

	for (int i = 0; i < 6; i++)
		if (sizes[i] >= size_least(bytes) || sizes[i] == 0)
			run(resource, name, bytes, sizes[i]);
}

int main(int count, char **arguments)
{
	if (count > 2) {
		size_t size = strtoul(arguments[2], NULL, 10);
		limit = strtoul(arguments[1], NULL, 10);
		if (size != 0)
			alone(size);
		else
			together();
		return 0;
	}
	run_all(RLIMIT_AS, "RLIMIT_AS", 64 * MIB);
	run_all(RLIMIT_AS, "RLIMIT_AS", 512 * MIB);
	run_all(RLIMIT_AS, "RLIMIT_AS", 2048 * MIB);
	run_all(RLIMIT_DATA, "RLIMIT_DATA", 32 * MIB);
	run_all(RLIMIT_DATA, "RLIMIT_DATA", 64 * MIB);
	run_all(RLIMIT_DATA, "RLIMIT_DATA", 512 * MIB);
	return 0;
}
