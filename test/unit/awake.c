/* A thread is awake from when it is noted as that until it sleeps, or gets a signal; all are where there is no word for
 * it. What is no address is always told apart.
 * links: awake */
#include "awake.h"
#include "child.h"
#include "sequences.h"

#include <pthread.h>
#include <time.h>

static bool has_word;
static const void *const somewhere = (const void *)4096;

/* Whatever else the machine does may take the processor away, now and then. */
static bool stays_awake(void)
{
	for (unsigned tries = 0; tries < 1000; tries++) {
		awake_note();
		if (!awake_not() && awake_with(somewhere))
			return true;
	}
	return false;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void one_thread(void)
{
	REQUIRE(stays_awake());
	REQUIRE(!awake_with(AWAKE_NO_ADDRESS));
	nap();
	REQUIRE(awake_not() == has_word);
	REQUIRE(awake_with(somewhere) != has_word);
	REQUIRE(!awake_with(AWAKE_NO_ADDRESS));
	REQUIRE(stays_awake());
}

static void *another(void *unused)
{
	REQUIRE(awake_not()); /* it never was noted */
	one_thread();
	return unused;
}

static void caught(int signal)
{
	(void)signal;
}

static void a_signal(void)
{
	REQUIRE(signal(SIGUSR1, caught) != SIG_ERR);
	REQUIRE(stays_awake());
	raise(SIGUSR1);
	REQUIRE(awake_not() == has_word);
}

/* What lies above the place of the sequence cannot be told apart from what is no address. */
static void too_high(void *unused)
{
	(void)unused;
	awake_boot(UINTPTR_MAX);
	has_word = false;
	one_thread();
	a_signal();
}

int main(void)
{
	pthread_t thread;

	has_word = has_sequences();
	awake_boot(0);
	one_thread();
	a_signal();
	REQUIRE(pthread_create(&thread, NULL, another, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(child_run(too_high, NULL) == 0);
	if (!has_word)
		return 0;
	/* The same without the words. */
	REQUIRE(setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1) == 0);
	execl("/proc/self/exe", "awake", (char *)NULL);
	return 1;
}
