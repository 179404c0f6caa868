/* expect: double free */
#include "test.h"
#include <pthread.h>

static pthread_barrier_t freed;

static void *free_again(void *block)
{
	pthread_barrier_wait(&freed);
	crime(block);
	free(block);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	void *block = malloc(5000);

	pthread_barrier_init(&freed, NULL, 2);
	pthread_create(&thread, NULL, free_again, block);
	free(block);
	pthread_barrier_wait(&freed);
	pthread_join(thread, NULL);
	return 0;
}
