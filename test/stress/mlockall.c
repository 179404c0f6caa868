/* Under mlockall(MCL_FUTURE) the library locks only what it uses, not what it reserves. */
#include "test.h"
#include <pthread.h>
#include <sys/mman.h>

static void *work(void *arg)
{
	for (size_t size = 1; size < 10000000; size = size * 2 + 1)
		free(malloc(size));
	return arg;
}

int main(void)
{
	pthread_t threads[4];
	size_t before = resident_bytes();
	char *block;

	if (mlockall(MCL_CURRENT | MCL_FUTURE)) /* needs a right that not everyone has */
		return 0;
	REQUIRE(resident_bytes() < before + (64 << 20));
	work(NULL);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	block = malloc(5 << 20);
	REQUIRE(block);
	free(block);
	REQUIRE(resident_bytes() < before + (200 << 20)); /* locked stacks are 8 MB each */
	return 0;
}
