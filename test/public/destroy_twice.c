/* A heap is destroyed twice, as by two owners: EINVAL, and nothing changes. */
#include "walked.h"
#include <pthread.h>

static pthread_barrier_t barrier;
static struct heap *shared;

static void *destroy(void *arg)
{
	pthread_barrier_wait(&barrier);
	errno = 0;
	heap_destroy(shared);
	*(int *)arg = errno;
	return NULL;
}

/* By two threads at once: one of them does. */
static void destroy_together(void)
{
	pthread_t thread;
	int answers[2];

	shared = heap_create(0, 0);
	REQUIRE(shared);
	REQUIRE(pthread_create(&thread, NULL, destroy, &answers[0]) == 0);
	destroy(&answers[1]);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(answers[0] + answers[1] == EINVAL);
	REQUIRE(answers[0] == 0 || answers[1] == 0);
}

int main(void)
{
	struct heap *first = heap_create(0, 0), *second = heap_create(100000, 1);
	char *cell = heap_alloc(second, 10), data[10000] = "";

	REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
	errno = 0;
	heap_destroy(first);
	REQUIRE(errno == 0);
	heap_destroy(first);
	REQUIRE(errno == EINVAL);
	errno = 0;
	heap_destroy((struct heap *)(void *)data);
	REQUIRE(errno == EINVAL);
	REQUIRE(walk(second)->used == 10);
	errno = 0;
	REQUIRE(heap_free(second, cell) == 0);
	heap_destroy(second);
	REQUIRE(errno == 0);
	for (int i = 0; i < 500; i++)
		destroy_together();
	return 0;
}
