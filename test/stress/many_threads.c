/* 2,000 threads alive at once, on small stacks, each with allocations of its own. */
#include "test.h"
#include <limits.h>
#include <pthread.h>

enum { THREADS = 2000, HELD = 30 };

static pthread_barrier_t all_here, all_checked;

static void *work(void *arg)
{
	unsigned owner = (unsigned)(uintptr_t)arg;
	char *held[HELD];

	for (size_t i = 0; i < HELD; i++)
		fill(held[i] = malloc(i * 20 + 1), i * 20 + 1, owner);
	pthread_barrier_wait(&all_here);
	for (size_t i = 0; i < HELD; i++)
		REQUIRE(filled(held[i], i * 20 + 1, owner));
	pthread_barrier_wait(&all_checked);
	for (int i = 0; i < HELD; i++)
		free(held[i]);
	return malloc(owner % 1000);
}

int main(void)
{
	static pthread_t threads[THREADS];
	pthread_attr_t attributes;
	size_t resident;

	pthread_barrier_init(&all_here, NULL, THREADS + 1);
	pthread_barrier_init(&all_checked, NULL, THREADS + 1);
	pthread_attr_init(&attributes);
	REQUIRE(pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN + (16 << 10)) ==
	        0);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], &attributes, work, (void *)i) == 0);
	pthread_barrier_wait(&all_here);
	resident = resident_bytes();
	pthread_barrier_wait(&all_checked);
	for (int i = 0; i < THREADS; i++) {
		void *last;
		pthread_join(threads[i], &last);
		free(last);
	}
	fprintf(stderr, "resident with all threads: %zu KB\n", resident >> 10);
	REQUIRE(resident < (size_t)400 << 20); /* 18 MB of blocks, 16 to 48 MB of stacks */
	return 0;
}
