/* A program that brings its own malloc keeps it: the library stands aside. */
#include "own_malloc.h"
#include "test.h"
#include <pthread.h>
#include <stdatomic.h>

static char arena[32 << 20] __attribute__((aligned(16)));
static atomic_size_t used;

void *malloc(size_t size)
{
	size_t whole = (size + 31) / 16 * 16, at = atomic_fetch_add(&used, whole);

	if (at + whole > sizeof arena)
		return NULL;
	*(size_t *)(void *)(arena + at) = size;
	return arena + at + 16;
}

void free(void *block)
{
	if (block && ((char *)block < arena || (char *)block >= arena + sizeof arena))
		test_fail(__FILE__, __LINE__, "a foreign block");
}

static void *work(void *arg)
{
	for (size_t i = 0; i < 1000; i++)
		free(malloc(i));
	return arg;
}

int main(void)
{
	pthread_t thread;
	char *text = strdup("mine"), *large = NULL;
	FILE *file = tmpfile();

	REQUIRE(text >= arena && text < arena + sizeof arena);
	REQUIRE(asprintf(&large, "%050000d", 1) == 50000);
	REQUIRE(large >= arena && large < arena + sizeof arena);
	free(large);
	free(text);
	fclose(file);
	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	pthread_join(thread, NULL);
	return 0;
}
