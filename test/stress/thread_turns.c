/* 10,000 threads created and joined in turn: what they leave does not grow. */
#include "test.h"
#include <pthread.h>

enum { THREADS = 10000, SETTLED = 1000 };

static void *work(void *handed)
{
	void *held[50];

	free(handed);
	for (size_t i = 0; i < 50; i++)
		held[i] = malloc(i * i + 1);
	for (int i = 0; i < 50; i++)
		free(held[i]);
	free(malloc(200000));
	return malloc(100); /* freed by the next one */
}

int main(void)
{
	void *handed = NULL;
	size_t settled = 0, last;

	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;
		REQUIRE(pthread_create(&thread, NULL, work, handed) == 0);
		REQUIRE(pthread_join(thread, &handed) == 0);
		if (i == SETTLED)
			settled = resident_bytes();
	}
	last = resident_bytes();
	fprintf(stderr, "resident KB: %zu, then %zu\n", settled >> 10, last >> 10);
	REQUIRE(last < settled + (512 << 10));
	return 0;
}
