/* idle_caches.h - other threads find the cache of one idle that has lost its processor, the one of all. */
#ifndef IDLE_CACHES_H
#define IDLE_CACHES_H

#include "test.h"
#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { IDLERS = 2, IDLERS_BYTES = 100 };

static pthread_t idlers[IDLERS];
static int idlers_stop;

static inline long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With something at hand, and by slow paths. */
static inline void *idlers_work(void *arg)
{
	free(malloc(IDLERS_BYTES));
	while (!__atomic_load_n(&idlers_stop, __ATOMIC_RELAXED))
		free(malloc(100000));
	return arg;
}

/* All threads of the process share one CPU from here on; those that find caches idle are started. */
static inline void idlers_start(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
	for (int i = 0; i < IDLERS; i++)
		REQUIRE(pthread_create(&idlers[i], NULL, idlers_work, NULL) == 0);
}

static inline void idlers_end(void)
{
	__atomic_store_n(&idlers_stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < IDLERS; i++)
		REQUIRE(pthread_join(idlers[i], NULL) == 0);
}

#endif
