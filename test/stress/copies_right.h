/* copies_right.h - correct use of memcpy and its kin, for both modes. */
#include "test.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

static char outside[200000];

static void each_size(void)
{
	static const size_t sizes[] = {1,    2,     15,    16,    17,    100,    1000,   4095,
	                               4096, 32767, 32768, 32769, 65536, 100000, 131072, 200000};

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i], usable;
		char *block = malloc(size), *other = calloc(1, size);

		memcpy(block, outside, size);
		memmove(block + size / 2, block, size - size / 2);
		memset(block + size - 1, 1, 1);
		memset(block, 'x', size);
		block[size - 1] = '\0';
		strcpy(other, block);
		strncpy(other, block, size);
		REQUIRE(stpcpy(other, block) == other + size - 1);
		strcat(other, "");
		block[size / 2] = '\0';
		strncat(strcpy(other, block), block, size - 1 - size / 2);
		REQUIRE(mempcpy(other, block, size) == (void *)(other + size));
		memcpy(outside, other, size);
		/* Nothing may be told to go anywhere. */
		memcpy(block + size, other + size, 0);
		strncpy(block + size, "text", 0);
		usable = malloc_usable_size(block);
		memset(block, 0, usable);
		block = realloc(block, size * 3);
		memcpy(block, outside, size * 3 < sizeof outside ? size * 3 : size);
		block = realloc(block, size);
		memset(block, 0, size);
		memset(other, 1, size); /* no text: a bounded one needs no end */
		strncpy(outside, other, size);
		free(block);
		memcpy(block, other, 0);
		free(other);
	}
}

/* Not the heap: data, the stack, what was mapped, another thread's stack. */
static void elsewhere(void)
{
	char stack[1000];
	char *map = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(stack, 1, sizeof stack);
	memcpy(outside, stack, sizeof stack);
	memset(map, 0, 100000);
	memcpy(map + 10, map, 90000);
	munmap(map, 100000);
}

static void on_alarm(int number)
{
	static char *block;

	(void)number;
	if (block == NULL)
		block = outside;
	memcpy(block + 1000, block, 1000);
}

static char *shared; /* what signal handlers copy to, while malloc and free are at work */

static void on_timer(int number)
{
	on_alarm(number);
	memset(shared, 2, 100);
	memcpy(shared + 100, shared, 100);
	memset(shared + 100000, 3, 100000);
}

static void *work(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	char *blocks[100] = {0};

	for (int i = 0; i < 30000; i++) {
		unsigned at = next_random(&seed) % 100;
		size_t size = next_random(&seed) % (i % 50 == 0 ? 100000 : 500) + 1;
		free(blocks[at]);
		blocks[at] = malloc(size);
		memset(blocks[at], (int)at, size);
		if (blocks[at / 2] != NULL)
			memcpy(blocks[at], blocks[at / 2], 1);
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	return NULL;
}

static void threads_and_signals(void)
{
	struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	pthread_t threads[3];

	shared = malloc(200000);
	REQUIRE(signal(SIGALRM, on_timer) != SIG_ERR);
	REQUIRE(setitimer(ITIMER_REAL, &every, NULL) == 0);
	for (uintptr_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	work((void *)4);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	free(shared);
}

int main(void)
{
	int status;

	each_size();
	elsewhere();
	threads_and_signals();
	pid_t child = fork();
	if (child == 0) {
		each_size();
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
	return 0;
}
