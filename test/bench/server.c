/* server - threads that serve for a while replace blocks at random, and hand them over to the next
 * thread, which starts as they end. */
#include "bench.h"

enum { servers = 2, generations = 240, live = 2000, replacements = 60000 };

static char *blocks[servers][live];

static void *serve(void *number)
{
	uintptr_t server = (uintptr_t)number - 1;
	uint32_t seed = (uint32_t)server + 4;

	for (unsigned i = 0; i < replacements; i++) {
		unsigned at = next_random(&seed) % live;
		free(blocks[server][at]);
		blocks[server][at] = allocate(random_size(&seed));
	}
	return NULL;
}

static void *serve_on(void *number)
{
	for (unsigned i = 0; i < generations; i++) {
		pthread_t heir;
		REQUIRE(!pthread_create(&heir, NULL, serve, number));
		REQUIRE(!pthread_join(heir, NULL));
	}
	return NULL;
}

int main(void)
{
	run_threads(servers, serve_on);
	return 0;
}
