/* keys - creates 100 pthread keys in a constructor that runs before the library's: those after the
 * 32nd make pthread_setspecific allocate. */
#include "test.h"
#include <pthread.h>

pthread_key_t early_keys[100];
void *early_block;

__attribute__((constructor)) static void create_keys(void)
{
	for (int i = 0; i < 100; i++)
		REQUIRE(pthread_key_create(&early_keys[i], free) == 0);
	early_block = malloc(48);
	for (int i = 0; i < 100; i++)
		REQUIRE(pthread_setspecific(early_keys[i], malloc(20)) == 0);
}
