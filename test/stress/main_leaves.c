/* The main thread ends by pthread_exit; the others go on with its blocks and end the process. */
#include "test.h"
#include <pthread.h>

static char *blocks[1000];
static pthread_t first;

static void *work(void *arg)
{
	(void)arg;
	REQUIRE(pthread_join(first, NULL) == 0);
	for (unsigned i = 0; i < 1000; i++) {
		REQUIRE(filled(blocks[i], 10 + i, i));
		free(blocks[i]);
	}
	for (size_t size = 1; size < 1000000; size *= 2)
		free(malloc(size));
	exit(0);
}

int main(void)
{
	pthread_t thread;

	for (unsigned i = 0; i < 1000; i++)
		fill(blocks[i] = malloc(10 + i), 10 + i, i);
	first = pthread_self();
	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	pthread_exit(NULL);
}
