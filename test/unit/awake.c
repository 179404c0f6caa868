/* A thread is awake from when it is noted as that until it sleeps, gets a signal, or is forgotten; only the last where
 * there is no word for it. What is no address is always told apart, and so are the numbers that threads are noted with.
 * links: awake */
#include "awake.h"
#include "sequences.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static bool has_word;
static const void *const somewhere = (const void *)4096;

/* Whatever else the machine does may take the processor away, now and then. */
static bool stays_awake(unsigned number)
{
	for (unsigned tries = 0; tries < 1000; tries++) {
		awake_note(number);
		if (!awake_not() && awake_with(somewhere) && awake_as(awake_mark(number)))
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
	REQUIRE(stays_awake(0));
	REQUIRE(!awake_as(awake_mark(1)));
	REQUIRE(!awake_with(AWAKE_NO_ADDRESS));
	nap();
	REQUIRE(awake_not() == has_word);
	REQUIRE(awake_with(somewhere) != has_word);
	REQUIRE(awake_as(awake_mark(0)) != has_word);
	REQUIRE(!awake_with(AWAKE_NO_ADDRESS));
	REQUIRE(stays_awake(0));
}

static void *another(void *unused)
{
	REQUIRE(awake_not()); /* it never was noted */
	one_thread();
	return unused;
}

/* A thread that is forgotten is awake with no number. */
static void forgotten(void)
{
	REQUIRE(stays_awake(AWAKE_NUMBERS_MAX - 1));
	awake_forget();
	REQUIRE(awake_not());
	REQUIRE(!awake_with(somewhere));
	for (unsigned number = 0; number < AWAKE_NUMBERS_MAX; number++)
		REQUIRE(!awake_as(awake_mark(number)));
}

/* Whichever number a thread is noted with, it is awake with that one alone, and the system finds nothing amiss. */
static void numbers(void)
{
	for (unsigned number = 0; number < AWAKE_NUMBERS_MAX; number++) {
		REQUIRE(stays_awake(number));
		for (unsigned other = 0; other < AWAKE_NUMBERS_MAX; other++)
			REQUIRE(other == number || !awake_as(awake_mark(other)));
		awake_note(number);
		sched_yield();
	}
	awake_note(AWAKE_NUMBERS_MAX - 1);
	nap();
	REQUIRE(awake_not() == has_word);
}

static void caught(int signal)
{
	(void)signal;
}

static void a_signal(void)
{
	REQUIRE(signal(SIGUSR1, caught) != SIG_ERR);
	REQUIRE(stays_awake(0));
	raise(SIGUSR1);
	REQUIRE(awake_not() == has_word);
}

/* A program's own sequence, which the word goes on naming behind it, is not one of ours; but where the word has another
 * place. */
static void another_sequence(void)
{
	static char own[32] __attribute__((aligned(32)));

	REQUIRE(stays_awake(0));
	*awake_own_word() = (uintptr_t)own;
	REQUIRE(awake_not());
	REQUIRE(!awake_with(somewhere));
	REQUIRE(!awake_as(awake_mark(0)));
	awake_forget();
}

int main(void)
{
	pthread_t thread;

	has_word = has_sequences();
	awake_boot(AWAKE_NUMBERS_MAX);
	REQUIRE(awake_not()); /* it never was noted */
	one_thread();
	numbers();
	forgotten();
	a_signal();
	another_sequence();
	REQUIRE(pthread_create(&thread, NULL, another, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	if (!has_word)
		return 0;
	/* The same without the words. */
	REQUIRE(setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1) == 0);
	execl("/proc/self/exe", "awake", (char *)NULL);
	return 1;
}
