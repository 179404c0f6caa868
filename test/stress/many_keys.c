/* A program with 100 thread keys, made before our constructor: our own key comes late.
 * library: keys */
#include "test.h"
#include <pthread.h>

enum { THREADS = 2000 };

extern pthread_key_t early_keys[100];
extern void *early_block;

static void *work(void *arg)
{
	for (int i = 0; i < 100; i++)
		REQUIRE(pthread_setspecific(early_keys[i], malloc((size_t)i * 20)) == 0);
	free(arg);
	return malloc(100);
}

int main(void)
{
	void *handed = early_block;
	size_t settled = 0;

	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;
		REQUIRE(pthread_create(&thread, NULL, work, handed) == 0);
		REQUIRE(pthread_join(thread, &handed) == 0);
		if (i == THREADS / 4)
			settled = resident_bytes();
	}
	REQUIRE(resident_bytes() < settled + (512 << 10));
	return 0;
}
