/* Handlers leave by siglongjmp, out of loops that compute, never out of malloc: so interpreters and test
 * suites end what takes too long, and the heap goes on. */
#include "test.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

enum { THREADS = 3, JUMPS = 1500 };

static __thread volatile sig_atomic_t computing;
static __thread sigjmp_buf back;

static void handler(int number)
{
	(void)number;
	if (computing) {
		computing = 0;
		siglongjmp(back, 1);
	}
}

static void *work(void *arg)
{
	static __thread char *held[200];
	struct itimerspec often = {{0, 200000}, {0, 200000}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	volatile uint32_t random = (uint32_t)(uintptr_t)arg, number = 1;
	volatile int jumps = 0;
	timer_t timer;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	REQUIRE(timer_settime(timer, 0, &often, NULL) == 0);
	while (jumps < JUMPS) {
		uint32_t dice = random;
		for (unsigned i = 0; i < 50; i++) {
			unsigned slot = next_random(&dice) % 200;
			if (held[slot])
				REQUIRE(filled(held[slot], 1 + slot * 40, slot));
			free(held[slot]);
			fill(held[slot] = malloc(1 + slot * 40), 1 + slot * 40, slot);
			if (i == 7)
				free(realloc(malloc(300000), 3000000));
		}
		random = dice;
		if (sigsetjmp(back, 1) == 0) {
			computing = 1;
			for (;;)
				number = number * 3 + 1;
		}
		jumps++;
	}
	REQUIRE(timer_delete(timer) == 0);
	for (int i = 0; i < 200; i++)
		free(held[i]);
	return NULL;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler};
	pthread_t threads[THREADS];

	REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	work((void *)(uintptr_t)9);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
