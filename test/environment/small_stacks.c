/* The library asks for little stack: threads on the smallest, coroutines, and main under ulimit -s 64,
 * from the first allocation to the report of a misuse. */
#include "test.h"
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>

enum { THREADS = 30, CONTEXTS = 20, CONTEXT_BYTES = 16 << 10 };

extern char **environ;

static void use_heap(unsigned owner)
{
	char *blocks[60], *grown = NULL, *aligned = NULL;

	for (unsigned i = 0; i < 60; i++)
		fill(blocks[i] = malloc(1 + i * i * 40), 1 + i * i * 40, owner + i);
	for (unsigned i = 0; i < 60; i++) {
		REQUIRE(filled(blocks[i], 1 + i * i * 40, owner + i));
		blocks[i] = realloc(blocks[i], 1 + i * 4000);
		REQUIRE(malloc_usable_size(blocks[i]) > i * 4000);
		free(blocks[i]);
	}
	for (size_t size = 100; size < (32 << 20); size *= 2) { /* large blocks move */
		char *other;
		REQUIRE((grown = realloc(grown, size)));
		grown[0] = grown[size - 1] = 1;
		REQUIRE((other = calloc(1, size)));
		REQUIRE(other[0] == 0 && other[size - 1] == 0);
		REQUIRE(posix_memalign((void **)&aligned, 4096, size) == 0);
		free(aligned);
		free(other);
	}
	free(grown);
	malloc_trim(0);
	REQUIRE(mallinfo2().uordblks < (size_t)1 << 40);
	errno = 0;
	REQUIRE(!malloc(PTRDIFF_MAX));
	REQUIRE(errno == ENOMEM);
}

static void *work(void *arg)
{
	use_heap((unsigned)(uintptr_t)arg);
	return malloc(100);
}

/* Runs threads on stacks of so many bytes, in turn and at once. */
static void threads_on(size_t bytes)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;
	void *left;

	pthread_attr_init(&attributes);
	REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
	for (uintptr_t i = 0; i < THREADS; i++) {
		REQUIRE(pthread_create(&threads[i], &attributes, work, (void *)i) == 0);
		if (i % 3 != 2) /* three at a time */
			continue;
		for (uintptr_t j = i - 2; j <= i; j++) {
			pthread_join(threads[j], &left);
			free(left);
		}
	}
}

/* Stacks of a program's own making, one inside of the heap itself; switched while blocks are held. */
static ucontext_t home, contexts[CONTEXTS];

static void coroutine(int number)
{
	char *held = malloc(5000);

	fill(held, 5000, (unsigned)number);
	swapcontext(&contexts[number], &home);
	use_heap((unsigned)number);
	REQUIRE(filled(held, 5000, (unsigned)number));
	free(held);
}

static void coroutines(void)
{
	for (int i = 0; i < CONTEXTS; i++) {
		REQUIRE(getcontext(&contexts[i]) == 0);
		contexts[i].uc_stack.ss_sp = malloc(CONTEXT_BYTES);
		contexts[i].uc_stack.ss_size = CONTEXT_BYTES;
		contexts[i].uc_link = &home;
		makecontext(&contexts[i], (void (*)(void))(uintptr_t)coroutine, 1, i);
		REQUIRE(swapcontext(&home, &contexts[i]) == 0);
	}
	for (int i = 0; i < CONTEXTS; i++) {
		REQUIRE(swapcontext(&home, &contexts[i]) == 0);
		free(contexts[i].uc_stack.ss_sp);
	}
}

/* Runs this program again, with so little stack and hardly an environment. */
static void again(const char *what, const char *options)
{
	struct rlimit stack = {64 << 10, 64 << 10};
	char *arguments[] = {"small_stacks", strdup(what), NULL};
	char preload[PATH_MAX + 20] = "", *variables[] = {preload, strdup(options), NULL};
	const char *library = getenv("LD_PRELOAD");
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library ? library : "");
		REQUIRE(setrlimit(RLIMIT_STACK, &stack) == 0);
		execve("/proc/self/exe", arguments, variables);
		_exit(9);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	fprintf(stderr, "%s: status %#x\n", what, status);
	REQUIRE(status == 0);
	free(arguments[1]);
	free(variables[1]);
}

/* The library says why it refuses: on a stack just as small. */
static void *misuse(void *arg)
{
	char *block = malloc(100), *large = malloc(1 << 20);

	memset(large, 1, 1 << 20);
	free(block);
	free(block);
	free(large);
	free(large + 4096);
	return arg;
}

static void *exceed(void *arg)
{
	char *block;

	for (int i = 0; (block = malloc(1 << 20)) != NULL; i++)
		REQUIRE(i < 100);
	REQUIRE(errno == ENOMEM);
	return arg;
}

static void in_thread(void *(*act)(void *arg))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	REQUIRE(pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN) == 0);
	REQUIRE(pthread_create(&thread, &attributes, act, NULL) == 0);
	pthread_join(thread, NULL);
}

int main(int count, char **arguments)
{
	const char *library = getenv("TEST_LIB");

	if (count > 1) {
		switch (arguments[1][0]) {
		case 'm':
			in_thread(misuse);
			break;
		case 'e':
			in_thread(exceed);
			break;
		default:
			use_heap(1);
			in_thread(work);
		}
		return 0;
	}
	threads_on(64 << 10);
	threads_on((size_t)PTHREAD_STACK_MIN);
	coroutines();
	again("a stack of 64 KiB", "LANG=C");
	if (library && *library) {
		again("misuse reported", "HALLOC_ON_ERROR=report");
		again("exceeding a limit", "HALLOC_LIMIT=20M");
		again("statistics", "HALLOC_STATS=1");
		again("a watched limit", "HALLOC_LIMIT=100%");
	}
	return 0;
}
