/* A report, and the stacks below it, are no cancellation point: a free that is reported returns.
 * run: HALLOC_ON_ERROR=report HALLOC_BACKTRACE=1
 * modes: HALLOC_SAMPLE=0 HALLOC_SAMPLE=1 HALLOC_HARDENED=1 */
#include "test.h"
#include <pthread.h>

static bool returned;

static void *frees_twice(void *arg)
{
	char *block = malloc(100);

	free(block);
	REQUIRE(pthread_cancel(pthread_self()) == 0); /* pending from here on */
	free(block);
	returned = true;
	for (;;)
		pthread_testcancel();
	return arg;
}

int main(void)
{
	pthread_t thread;
	void *left;

	REQUIRE(pthread_create(&thread, NULL, frees_twice, NULL) == 0);
	REQUIRE(pthread_join(thread, &left) == 0);
	REQUIRE(left == PTHREAD_CANCELED);
	REQUIRE(returned);
	return 0;
}
