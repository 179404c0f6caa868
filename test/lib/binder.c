/* binder - its constructor starts a thread that makes a first call of memcpy, and stops in the middle, behind so many
 * instructions as BINDER_STEPS says, until it is told to go on. */
#include "binder.h"
#ifdef __x86_64__
#include "stepping.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>

static pthread_t thread;
static unsigned steps, stops_at;
static bool stopped, goes_on;

static void on_step(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	if (!stepping)
		stepping_end(context);
	else if (steps++ == stops_at) {
		__atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&goes_on, __ATOMIC_ACQUIRE))
			sched_yield();
	}
}

void binder_copies(char *to, const char *from, size_t bytes)
{
	memcpy(to, from, bytes);
}

static void *call(void *arg)
{
	char to[8], from[8] = "text";

	step(true);
	binder_copies(to, from, sizeof to);
	step(false);
	__atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
	return arg;
}

unsigned binder_end(void)
{
	__atomic_store_n(&goes_on, true, __ATOMIC_RELEASE);
	REQUIRE(pthread_join(thread, NULL) == 0);
	return steps;
}

__attribute__((constructor)) static void start(void)
{
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	stops_at = (unsigned)atoi(getenv("BINDER_STEPS"));
	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	REQUIRE(pthread_create(&thread, NULL, call, NULL) == 0);
	while (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE))
		sched_yield();
}
#endif
