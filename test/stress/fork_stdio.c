/* fork against fflush(NULL), open_memstream and malloc in other threads: libio's lock and ours
 * must not wait for one another. */
#include "test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { FORKS = 500 };

static int stop;

static bool going(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void *flushes(void *arg)
{
	while (going())
		REQUIRE(fflush(NULL) == 0);
	return arg;
}

static void *writes_memory(void *arg)
{
	while (going()) {
		char *text = NULL;
		size_t size = 0;
		FILE *stream = open_memstream(&text, &size);
		REQUIRE(stream);
		for (int i = 0; i < 300; i++) /* grows, under the stream's lock */
			fprintf(stream, "line %d of a stream in memory\n", i);
		fclose(stream);
		free(text);
	}
	return arg;
}

static void *writes_files(void *arg)
{
	while (going()) {
		FILE *stream = fopen("/dev/null", "w");
		REQUIRE(stream);
		for (int i = 0; i < 100; i++)
			fprintf(stream, "%d\n", i);
		fclose(stream);
	}
	return arg;
}

static void *allocates(void *arg)
{
	while (going())
		for (size_t size = 1; size < 200000; size = size * 2 + 1)
			free(malloc(size));
	return arg;
}

int main(void)
{
	void *(*works[])(void *) = {flushes,   writes_memory, writes_files,
	                            allocates, flushes,       writes_memory};
	pthread_t threads[6];

	alarm(250); /* a deadlock ends by this; with glibc 2.41 the threads wait long for each other */
	for (int i = 0; i < 6; i++)
		REQUIRE(pthread_create(&threads[i], NULL, works[i], NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		int status;
		REQUIRE(child >= 0);
		if (child == 0) {
			alarm(20);
			free(malloc(1000));
			fflush(NULL);
			_exit(3);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 3);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
