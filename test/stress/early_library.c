/* Blocks of a constructor that ran before ours are freed, resized and measured in main.
 * library: early */
#include "early.h"
#include "test.h"
#include <malloc.h>
#include <pthread.h>

static void *free_some(void *arg)
{
	for (unsigned i = 0; i < EARLY; i += 3)
		free(early_blocks[i]);
	return arg;
}

int main(void)
{
	pthread_t thread;

	REQUIRE(early_constructor_ran);
	for (unsigned i = 0; i < EARLY; i++) {
		REQUIRE(malloc_usable_size(early_blocks[i]) >= early_size(i));
		REQUIRE(filled(early_blocks[i], early_size(i), i));
	}
	for (unsigned i = 1; i < EARLY; i += 3) {
		early_blocks[i] = realloc(early_blocks[i], early_size(i) * 2 + 1000);
		REQUIRE(filled(early_blocks[i], early_size(i), i));
		free(early_blocks[i]);
	}
	for (unsigned i = 2; i < EARLY; i += 3) {
		early_blocks[i] = realloc(early_blocks[i], early_size(i) / 2 + 1);
		REQUIRE(filled(early_blocks[i], early_size(i) / 2, i));
		free(early_blocks[i]);
	}
	REQUIRE(pthread_create(&thread, NULL, free_some, NULL) == 0);
	pthread_join(thread, NULL);
	return 0;
}
