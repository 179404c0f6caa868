/* A thread is stopped in front of each instruction of a malloc, a calloc and a free that hit, one after the other; then a
 * signal handler allocates blocks of the same size, or another thread empties its cache, or both; and the call goes on as
 * if nothing had been. The same of one that has just lost its processor, as far as it comes. Where they are is found out
 * by stepping through them, without sequences, as these do not let anybody step through them.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#ifndef __x86_64__
int main(void)
{
	puts("steps through code as x86-64 does");
	return 77;
}
#else
#include "stepping.h"

enum { BREAKPOINT = 0xcc, SIZE = 100, BLOCKS = 200, STEPS_MAX = 500 };
enum { MALLOC, CALLOC, FREE, OPERATIONS };

/* A thread that has just lost its processor does not come to a place, as its call does not hit. */
enum { MISSED = 3, TRIES = 50 };

enum { NOTHING, ALLOCATE = 1, EMPTY = 2, BOTH = 3, WAYS = 4 };

/* Of each operation, the places in the library, counted from malloc on. */
static struct {
	int count;
	long at[STEPS_MAX];
} places[OPERATIONS];

static char *volatile blocks[BLOCKS], *volatile kept[3];
static char *place_of_malloc;
static void *library;

/* A block that is none of those that are live. */
static char *fresh(unsigned i)
{
	char *block = malloc(SIZE);

	REQUIRE(block != NULL);
	for (unsigned k = 0; k < BLOCKS; k++)
		REQUIRE(block != blocks[k]);
	fill(block, SIZE, i);
	return block;
}

/* What is said of malloc has compilers believe that no handler of ours can run in it: so some are volatile. */
static char *volatile result;

static void operate(int operation)
{
	if (operation == MALLOC)
		result = malloc(SIZE);
	else if (operation == CALLOC)
		result = calloc(1, SIZE);
	else
		free(result);
}

/* --- Where the instructions are: in a process of its own ---------------------------------------- */

static volatile int operation_now;

static bool is_of_library(const void *place)
{
	Dl_info info;

	return dladdr(place, &info) != 0 && info.dli_fbase == library;
}

static void note_step(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	char *place = (char *)(uintptr_t)registers[REG_RIP];

	(void)number;
	(void)info;
	if (operation_now < 0)
		stepping_end(context);
	else if (is_of_library(place) && places[operation_now].count < STEPS_MAX)
		places[operation_now].at[places[operation_now].count++] = place - place_of_malloc;
}

static void handle_with(void (*handle)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};

	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
}

static void find_places(int out)
{
	handle_with(note_step);
	free(malloc(SIZE));
	for (int i = 0; i < OPERATIONS; i++) {
		if (i == CALLOC)
			free(result);
		operation_now = i;
		stepping_begin();
		operate(i);
		operation_now = -1;
	}
	REQUIRE(write(out, places, sizeof places) == sizeof places);
}

/* --- Stopped there ------------------------------------------------------------------------------ */

static volatile char *stopped_at;
static char instruction;
static int way;
static bool sleeps; /* before the call, which comes to the first places alone: it does not hit */
static volatile unsigned stops;
static pthread_barrier_t turns;

static void *empties(void *unused)
{
	pthread_barrier_wait(&turns);
	malloc_trim(0);
	pthread_barrier_wait(&turns);
	return unused;
}

static void stop(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number;
	(void)info;
	stops++;
	*stopped_at = instruction;
	if (registers[REG_RIP] == (greg_t)(uintptr_t)(stopped_at + 1))
		registers[REG_RIP]--; /* else it starts over */
	for (unsigned i = 0; (way & ALLOCATE) != 0 && i < 3; i++)
		kept[i] = fresh(900 + i);
	if ((way & EMPTY) != 0) {
		pthread_barrier_wait(&turns);
		pthread_barrier_wait(&turns);
	}
	free(kept[1]);
	kept[1] = NULL;
}

/* What a signal interrupts, the system takes for asleep. */
static void falls_asleep(int number)
{
	(void)number;
}

static void stop_at(int operation, long at)
{
	pthread_t thread;
	long page = sysconf(_SC_PAGESIZE);

	stopped_at = place_of_malloc + at;
	instruction = *stopped_at;
	uintptr_t start = (uintptr_t)stopped_at & -(uintptr_t)page;
	REQUIRE(mprotect((void *)start, (size_t)page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	handle_with(stop);
	if ((way & EMPTY) != 0) {
		REQUIRE(pthread_barrier_init(&turns, NULL, 2) == 0);
		REQUIRE(pthread_create(&thread, NULL, empties, NULL) == 0);
	}
	for (unsigned i = 0; i < BLOCKS / 2; i++)
		blocks[i] = fresh(i);
	for (unsigned i = 0; i < 20; i++) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
	if (operation == FREE) {
		result = blocks[50];
		blocks[50] = NULL;
	}
	if (sleeps)
		REQUIRE(signal(SIGUSR1, falls_asleep) == SIG_DFL && raise(SIGUSR1) == 0);
	*stopped_at = (char)BREAKPOINT;
	operate(operation);
	if (stops == 0)
		_exit(sleeps ? 0 : MISSED);
	REQUIRE(stops == 1);
	for (unsigned i = 0; operation != FREE && i < BLOCKS; i++)
		REQUIRE(result != blocks[i]);
	for (unsigned i = 0; operation != FREE && i < 3; i++)
		REQUIRE(result != kept[i]);
	for (unsigned i = 0; operation == CALLOC && i < SIZE; i++)
		REQUIRE(result[i] == 0);
}

static void stop_and_go_on(int operation, long at)
{
	bool allocated = (way & ALLOCATE) != 0;
	alarm(30);
	stop_at(operation, at);
	if (operation != FREE)
		fill(result, SIZE, 1000);
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i] == NULL)
			blocks[i] = fresh(i);
	for (unsigned i = 0; i < BLOCKS; i++) {
		REQUIRE(filled(blocks[i], SIZE, i));
		free(blocks[i]);
	}
	REQUIRE(operation == FREE || filled(result, SIZE, 1000));
	REQUIRE(!allocated || filled(kept[0], SIZE, 900));
	REQUIRE(!allocated || filled(kept[2], SIZE, 902));
	free(kept[0]);
	free(kept[2]);
	if (operation != FREE)
		free(result);
	malloc_trim(0);
}

static int stopped_once(int operation, long at)
{
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		stop_and_go_on(operation, at);
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	return status;
}

static void each_place(int operation)
{
	for (int i = 0; i < places[operation].count; i++) {
		long at = places[operation].at[i];
		int status = stopped_once(operation, at);
		for (int try = 1; try < TRIES && WIFEXITED(status) && WEXITSTATUS(status) == MISSED;
		     try++)
			status = stopped_once(operation, at);
		if (status != 0)
			fprintf(stderr, "operation %d, way %d%s, at malloc%+ld: status %d\n",
			        operation, way, sleeps ? ", sleeps" : "", at, status);
		REQUIRE(status == 0);
	}
}

static void read_places(const char *program)
{
	int ends[2], status = 0;

	REQUIRE(pipe(ends) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		char out[12];
		snprintf(out, sizeof out, "%d", ends[1]);
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		execl(program, program, out, NULL);
		_exit(127);
	}
	REQUIRE(read(ends[0], places, sizeof places) == sizeof places);
	REQUIRE(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	Dl_info info;

	place_of_malloc = (char *)dlsym(RTLD_DEFAULT, "malloc");
	REQUIRE(place_of_malloc != NULL && dladdr(place_of_malloc, &info) != 0);
	library = info.dli_fbase;
	if (argc == 2) {
		find_places(atoi(argv[1]));
		return 0;
	}
	if (!has_sequences()) {
		puts("no sequences here");
		return 77;
	}
	read_places("/proc/self/exe");
	for (int i = 0; i < OPERATIONS; i++) {
		REQUIRE(places[i].count >= 10 && places[i].count < STEPS_MAX);
		fprintf(stderr, "%d places\n", places[i].count);
		for (int j = 0; j < 2 * WAYS; j++) {
			way = j % WAYS;
			sleeps = j >= WAYS;
			each_place(i);
		}
	}
	return 0;
}
#endif
