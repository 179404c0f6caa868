/* expect: double free */
#include "test.h"
#include <pthread.h>

static void *volatile freed;

/* Started before the block is freed, so that nothing is allocated in its place. */
static void *free_it(void *unused)
{
	while (freed == NULL)
		usleep(100);
	crime(freed);
	free(freed);
	return unused;
}

int main(void)
{
	pthread_t thread;
	void *block = malloc(1 << 20);

	pthread_create(&thread, NULL, free_it, NULL);
	usleep(20000);
	free(block);
	freed = block;
	pthread_join(thread, NULL);
	return 0;
}
