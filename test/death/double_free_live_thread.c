/* expect: double free */
#include "test.h"
#include <pthread.h>

static pthread_barrier_t freed;

static void *free_and_wait(void *block)
{
	free(block);
	pthread_barrier_wait(&freed);
	pause();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	void *block = malloc(48);

	pthread_barrier_init(&freed, NULL, 2);
	pthread_create(&thread, NULL, free_and_wait, block);
	pthread_barrier_wait(&freed); /* it lies in the other thread's cache now */
	crime(block);
	free(block);
	return 0;
}
