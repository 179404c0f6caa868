/* expect: double free */
#include "test.h"
#include <pthread.h>

static void *free_it(void *block)
{
	crime(block);
	free(block);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	void *block = malloc(5000);

	free(block);
	pthread_create(&thread, NULL, free_it, block);
	pthread_join(thread, NULL);
	return 0;
}
