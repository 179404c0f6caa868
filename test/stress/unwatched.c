/* A thread that has given up its restartable sequences is known as one that has none: others that find its cache idle, on
 * the one CPU of all, leave it alone.
 * timeout: 60
 * run: HALLOC_PURGE_AFTER_MS=4
 * modes: HALLOC_HARDENED=0 */
#include "idle_caches.h"
#include "sequences.h"
#include "test.h"

#include <sys/syscall.h>

enum { ROUNDS = 10, HELD = 8, BYTES = IDLERS_BYTES, THREAD_MS = 200 };

static void turn(void)
{
	volatile unsigned *held[HELD];

	for (unsigned i = 0; i < HELD; i++) {
		held[i] = malloc(BYTES);
		*held[i] = i;
	}
	for (unsigned i = 0; i < HELD; i++)
		REQUIRE(*held[i] == i);
	for (unsigned i = 0; i < HELD; i++)
		free((void *)held[i]);
}

static void give_up_sequences(void)
{
#ifdef RSEQ_SIG
	size_t least = sizeof(struct rseq);
	size_t bytes = __rseq_size > least ? __rseq_size : least;

	if (has_sequences())
		REQUIRE(syscall(SYS_rseq, own_sequences(), bytes, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) ==
		        0);
#endif
}

static void *be_unwatched(void *arg)
{
	give_up_sequences();
	for (long end = now_ms() + THREAD_MS; now_ms() < end;)
		for (int i = 0; i < 100; i++)
			turn();
	return arg;
}

int main(void)
{
	pthread_t unwatched;

	idlers_start();
	for (unsigned round = 0; round < ROUNDS; round++) {
		REQUIRE(pthread_create(&unwatched, NULL, be_unwatched, NULL) == 0);
		pthread_join(unwatched, NULL);
	}
	idlers_end();
	return 0;
}
