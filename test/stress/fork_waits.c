/* Handlers of pthread_atfork that a constructor has registered before ours ran take a lock, under which another thread
 * allocates; so they wait for it, and it must not wait for the fork.
 * library: forker
 * timeout: 100 */
#include "forker.h"
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>

enum { FORKS = 200 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool stop;

static void hold(enum forker_place place)
{
	if (place == FORKER_BEFORE)
		pthread_mutex_lock(&mutex);
	free(malloc(100000)); /* the heap may be used in all three */
	if (place != FORKER_BEFORE)
		pthread_mutex_unlock(&mutex);
}

static void *allocate(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		pthread_mutex_lock(&mutex);
		for (size_t size = 10; size < 1000000; size *= 10)
			free(malloc(size));
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	int status;

	alarm(60); /* a deadlock ends by this */
	forker_call = hold;
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			_exit(malloc(100000) != NULL ? 0 : 1);
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(status == 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	return 0;
}
