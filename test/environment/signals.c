/* Signals at a high rate interrupt malloc and free in every thread; their handlers do what a handler may.
 * timeout: 60 */
#include "test.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

enum { THREADS = 3, HELD = 500, SECONDS = 2, INTERVAL_US = 60, INSIDE_LEAST = 300 };

static __thread volatile sig_atomic_t inside; /* of a call to the heap */
static unsigned handled, interrupted;
static sem_t posted;
static int drain[2];

static void handler(int number)
{
	volatile char frame[2000];
	struct timespec now;
	int saved = errno;

	for (size_t i = 0; i < sizeof frame; i += 100)
		frame[i] = (char)number;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (write(drain[1], "x", 1) < 0) /* full, at times */
		errno = 0;
	if (sem_post(&posted) != 0)
		errno = 0;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
	if (inside)
		__atomic_fetch_add(&interrupted, 1, __ATOMIC_RELAXED);
	errno = saved;
}

/* A timer that signals the calling thread alone. */
static timer_t timer_start(void)
{
	struct itimerspec often = {{0, INTERVAL_US * 1000}, {0, INTERVAL_US * 1000}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	timer_t timer;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	REQUIRE(timer_settime(timer, 0, &often, NULL) == 0);
	return timer;
}

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	static __thread struct {
		char *block;
		size_t size;
	} held[HELD];
	char alternate[16 << 10];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
	time_t end = time(NULL) + SECONDS;
	timer_t timer;

	if (random % 2) /* some take their signals on a stack of their own */
		REQUIRE(sigaltstack(&stack, NULL) == 0);
	timer = timer_start();
	while (time(NULL) <= end) {
		for (int i = 0; i < 100; i++) {
			unsigned slot = next_random(&random) % HELD;
			size_t size = next_random(&random) % 200 ? next_random(&random) % 2000
			                                         : next_random(&random) % 1000000;
			size_t known = held[slot].size < 100 ? held[slot].size : 100;
			char *block = held[slot].block;
			if (block)
				REQUIRE(filled(block, known, slot));
			errno = 99;
			inside = 1;
			if (next_random(&random) % 3) {
				free(block);
				block = malloc(size);
			} else {
				block = realloc(block, size + 1);
			}
			inside = 0;
			REQUIRE(block);
			REQUIRE(errno == 99);
			held[slot].block = block;
			held[slot].size = size;
			fill(block, size < 100 ? size : 100, slot);
		}
	}
	REQUIRE(timer_delete(timer) == 0);
	stack.ss_flags = SS_DISABLE;
	if (random % 2)
		sigaltstack(&stack, NULL);
	for (int i = 0; i < HELD; i++)
		free(held[i].block);
	return NULL;
}

static void *empty_pipe(void *arg)
{
	char buffer[4096];
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (read(drain[0], buffer, sizeof buffer) > 0)
		continue;
	return arg;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK};
	struct itimerval often = {{0, INTERVAL_US}, {0, INTERVAL_US}}, never = {{0, 0}, {0, 0}};
	pthread_t threads[THREADS], reader;

	REQUIRE(pipe2(drain, O_CLOEXEC) == 0);
	REQUIRE(fcntl(drain[1], F_SETFL, O_NONBLOCK) == 0);
	REQUIRE(sem_init(&posted, 0, 0) == 0);
	REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
	REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
	REQUIRE(sigaction(SIGPROF, &action, NULL) == 0);
	REQUIRE(pthread_create(&reader, NULL, empty_pipe, NULL) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 7)) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	REQUIRE(setitimer(ITIMER_PROF, &often, NULL) == 0);
	work((void *)(uintptr_t)5);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	REQUIRE(setitimer(ITIMER_PROF, &never, NULL) == 0);
	close(drain[1]);
	pthread_join(reader, NULL);
	fprintf(stderr, "%u signals, %u of them inside of the heap\n", handled, interrupted);
	REQUIRE(interrupted > INSIDE_LEAST);
	return 0;
}
