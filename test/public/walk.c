/* heap_walk shows the cells in address order, and stops where the visitor says so. That may call malloc and free, while
 * other threads fork, and are not kept waiting.
 * timeout: 120 */
#include "walked.h"
#include <pthread.h>
#include <sys/wait.h>

static int visits;

static int stop_at_third(const struct heap_cell_info *cell, void *arg)
{
	REQUIRE(arg == &visits);
	REQUIRE(cell->size > 0);
	return ++visits == 3 ? 42 : 0;
}

static int stop_at_once(const struct heap_cell_info *cell, void *arg)
{
	REQUIRE(cell->offset == 0);
	REQUIRE(arg == NULL);
	return -7;
}

static bool stop;

static int allocates(const struct heap_cell_info *cell, void *arg)
{
	static uint32_t random = 1;

	for (int i = 0; i < 5; i++) {
		char *block = malloc(next_random(&random) % 200000);
		REQUIRE(block != NULL);
		free(block);
	}
	return cell->size == 0 || arg != NULL;
}

static void *walk_often(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		REQUIRE(heap_walk(arg, allocates, NULL) == 0);
	return arg;
}

static void walk_while_others_fork(struct heap *heap)
{
	enum { FORKS = 500 };
	pthread_t thread;
	int status;

	REQUIRE(pthread_create(&thread, NULL, walk_often, heap) == 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(heap_alloc(heap, 1) != NULL ? 0 : 1);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(status == 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	struct heap *heap = heap_create(8192, 16);
	char *cells[100];
	uint32_t random = 7;

	for (int i = 0; i < 100; i++)
		REQUIRE((cells[i] = heap_alloc(heap, 1 + next_random(&random) % 60)));
	for (int i = 0; i < 100; i += 3)
		REQUIRE(heap_free(heap, cells[i]) == 0);
	REQUIRE(walk(heap)->tiled);
	REQUIRE(walk(heap)->total == 8192);
	REQUIRE(walk(heap)->count == 100);
	REQUIRE(heap_walk(heap, stop_at_third, &visits) == 42);
	REQUIRE(visits == 3);
	REQUIRE(heap_walk(heap, stop_at_once, NULL) == -7);
	walk_while_others_fork(heap);
	heap_destroy(heap);
	return 0;
}
