/* A program with restartable sequences of its own: behind them the word goes on naming them, and the thread is not taken
 * for one that has ours. A signal handler that keeps blocks gets none that the call it came into is just taking.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#if !defined __x86_64__ || !defined RSEQ_SIG
int main(void)
{
	puts("x86-64 and restartable sequences");
	return 77;
}
#else

enum { SIZE = 100, KEPT = 64, BLOCKS = 4, SECONDS = 4 };

static void *volatile kept[KEPT];
static volatile unsigned handled;
static long counter;

/* An addition that starts over; its name lies where compilers put such names. */
static void own_sequence(void)
{
	__asm__ volatile("	.pushsection own_names, \"aw\"\n"
	                 "	.balign 32\n"
	                 "3:	.long 0, 0\n"
	                 "	.quad 1f, 2f - 1f, 4f\n"
	                 "	.popsection\n"
	                 "	lea 3b(%%rip), %%rax\n"
	                 "	mov %%rax, %0\n"
	                 "1:	incq %1\n"
	                 "2:\n"
	                 "	.pushsection own_restarts, \"ax\"\n"
	                 "	.long 0x53053053\n"
	                 "4:	jmp 2b\n"
	                 "	.popsection\n"
	                 : "=m"(own_sequences()->rseq_cs), "+m"(counter)
	                 :
	                 : "rax", "memory", "cc");
}

static void handle(int number)
{
	void *block = malloc(SIZE);

	(void)number;
	if (block != NULL)
		memset(block, 0xbb, SIZE);
	kept[handled++ % KEPT] = block;
}

static void free_kept(void)
{
	sigset_t all, before;

	sigfillset(&all);
	for (unsigned i = 0; i < KEPT; i++) {
		sigprocmask(SIG_SETMASK, &all, &before);
		void *block = kept[i];
		kept[i] = NULL;
		sigprocmask(SIG_SETMASK, &before, NULL);
		free(block);
	}
}

static void work(void)
{
	void *blocks[BLOCKS];

	own_sequence();
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(SIZE);
		REQUIRE(blocks[i] != NULL);
		own_sequence();
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		for (unsigned j = 0; j < KEPT; j++)
			REQUIRE(kept[j] != blocks[i]);
		free(blocks[i]);
	}
}

int main(void)
{
	static const struct itimerval often = {{0, 50}, {0, 50}}, never;

	if (!has_sequences()) {
		puts("no restartable sequences");
		return 77;
	}
	REQUIRE(signal(SIGALRM, handle) != SIG_ERR);
	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end; free_kept())
		for (unsigned i = 0; i < 100; i++)
			work();
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	fprintf(stderr, "%u signals\n", handled);
	return 0;
}
#endif
