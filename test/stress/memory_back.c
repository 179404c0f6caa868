/* 600 MiB of small blocks, nine tenths of which are freed, at random or in order, by threads that then fall
 * asleep: within a second of the next call of any thread, of those or of another, a malloc or a free, met by what it has
 * at hand or not, what is resident is what the OS pages with a live block take, and 5 %.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 300000, SIZE_MAX_BYTES = 1024, PAGE = 4096 };

static struct owner {
	char *blocks[BLOCKS];
	size_t sizes[BLOCKS];
} owners[THREADS];

/* What comes next, and whose it is: another thread's, or the first one's of those that sleep. */
enum call { MALLOC, MALLOC_OF_ONE, FREE, FREE_OF_ONE };

static const char *const names[] = {"malloc", "malloc of one of them", "free",
                                    "free of one of them"};

static bool at_random;
static enum call call;
static void *volatile given; /* one block to free, which another thread made */
static pthread_barrier_t barrier;

static void make_and_free(size_t size)
{
	void *volatile block = malloc(size);

	REQUIRE(block);
	free(block);
}

/* Without sequences, the next call must be one that what is at hand does not meet. */
static void next_call(enum call what)
{
	if (!has_sequences())
		make_and_free(100000);
	else if (what == MALLOC || what == MALLOC_OF_ONE)
		given = malloc(24);
	else
		free(given);
}

static void *work(void *arg)
{
	struct owner *owner = arg;
	uint32_t seed = (uint32_t)(owner - owners) + 1;

	for (unsigned i = 0; i < BLOCKS; i++) {
		owner->sizes[i] = 16 + next_random(&seed) % (SIZE_MAX_BYTES - 16);
		owner->blocks[i] = malloc(owner->sizes[i]);
		REQUIRE(owner->blocks[i]);
		memset(owner->blocks[i], 1, owner->sizes[i]);
	}
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < BLOCKS; i++) {
		bool goes = at_random ? next_random(&seed) % 10 != 0 : i < BLOCKS / 10 * 9;
		if (!goes)
			continue;
		free(owner->blocks[i]);
		owner->blocks[i] = NULL;
	}
	if (call == FREE && owner == owners)
		given = malloc(24);     /* the other thread's free sends it home */
	pthread_barrier_wait(&barrier); /* and sleep */
	pthread_barrier_wait(&barrier);
	if ((call == MALLOC_OF_ONE || call == FREE_OF_ONE) && owner == owners)
		next_call(call);
	pthread_barrier_wait(&barrier); /* and sleep again */
	for (unsigned i = 0; i < BLOCKS; i++)
		free(owner->blocks[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const uintptr_t *left = a;
	const uintptr_t *right = b;

	return (*left > *right) - (*left < *right);
}

/* The bytes of the OS pages that hold a part of a live block. */
static size_t live_pages_bytes(void)
{
	static uintptr_t pages[THREADS * BLOCKS * 2];
	size_t count = 0, different = 0;

	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < BLOCKS; i++)
			if (owners[t].blocks[i] != NULL) {
				uintptr_t start = (uintptr_t)owners[t].blocks[i];
				pages[count++] = start / PAGE;
				pages[count++] = (start + owners[t].sizes[i] - 1) / PAGE;
			}
	qsort(pages, count, sizeof *pages, compare);
	for (size_t i = 0; i < count; i++)
		different += i == 0 || pages[i] != pages[i - 1];
	return different * PAGE;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void round_of(bool random, enum call what, size_t before)
{
	pthread_t threads[THREADS];

	at_random = random;
	call = what;
	REQUIRE(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, &owners[i]) == 0);
	pthread_barrier_wait(&barrier);
	size_t peak = resident_bytes() - before;
	REQUIRE(peak > (size_t)550 << 20);
	pthread_barrier_wait(&barrier);
	size_t live = live_pages_bytes();
	make_and_free(24); /* so that there is one at hand */
	if (call == FREE_OF_ONE)
		given = malloc(24);
	sleep_ms(600);
	if (call == MALLOC || call == FREE)
		next_call(call);
	pthread_barrier_wait(&barrier);
	size_t now = 0;
	for (int tries = 0; tries < 10; tries++) {
		now = resident_bytes() - before;
		if (now <= live + live / 20)
			break;
		sleep_ms(100);
	}
	fprintf(stderr, "%s, %s: at the peak %zu MiB, live pages %zu, resident %zu MiB\n",
	        random ? "at random" : "in order", names[call], peak >> 20, live, now >> 20);
	REQUIRE(now <= live + live / 20);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	pthread_barrier_destroy(&barrier);
}

int main(void)
{
	memset(owners, 1, sizeof owners); /* its pages are not the heap's */
	live_pages_bytes();
	size_t before = resident_bytes();
	round_of(true, MALLOC, before);
	round_of(false, MALLOC, before);
	round_of(false, MALLOC_OF_ONE, before);
	round_of(true, MALLOC_OF_ONE, before);
	round_of(false, FREE, before);
	round_of(false, FREE_OF_ONE, before);
	return 0;
}
