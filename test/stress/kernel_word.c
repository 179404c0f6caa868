/* From Linux 6.19 on, a thread that sleeps in a call of the system keeps the word that notes it as awake, as it is told by
 * the older ones here. Another thread may empty its cache meanwhile: no slot is then in two places.
 * modes: HALLOC_HARDENED=0 */
#include "sequences.h"
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <time.h>

enum { BLOCKS = 16, SLEEPERS = 2, SECONDS = 4 };

static volatile bool ends;

static void *trim(void *unused)
{
	while (!ends) {
		malloc_trim(0);
		usleep(20);
	}
	return unused;
}

static void work(unsigned owner)
{
	unsigned char *blocks[BLOCKS];

	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(100);
		REQUIRE(blocks[i] != NULL);
		fill(blocks[i], 100, owner * BLOCKS + i);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		REQUIRE(filled(blocks[i], 100, owner * BLOCKS + i));
		free(blocks[i]);
	}
}

static void sleep_awake(void)
{
	static const struct timespec nap = {.tv_nsec = 20000};
#ifdef RSEQ_SIG
	if (has_sequences()) {
		volatile uintptr_t *word =
		        (volatile uintptr_t *)(uintptr_t)&own_sequences()->rseq_cs;
		uintptr_t was = *word;
		nanosleep(&nap, NULL);
		*word = was;
		return;
	}
#endif
	nanosleep(&nap, NULL);
}

static void *sleeper(void *owner)
{
	while (!ends) {
		work((unsigned)(uintptr_t)owner);
		work((unsigned)(uintptr_t)owner);
		sleep_awake();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[SLEEPERS + 1];

	REQUIRE(pthread_create(&threads[0], NULL, trim, NULL) == 0);
	for (uintptr_t i = 1; i <= SLEEPERS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, sleeper, (void *)i) == 0);
	sleep(SECONDS);
	ends = true;
	for (unsigned i = 0; i <= SLEEPERS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	return 0;
}
