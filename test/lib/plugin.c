/* plugin - allocates and frees across its border. */
#include "test.h"

char *plugin_makes(size_t size);
void plugin_frees(void *block);

char *plugin_makes(size_t size)
{
	char *block = malloc(size);

	REQUIRE(block);
	return memset(block, 'p', size);
}

void plugin_frees(void *block)
{
	free(block);
	free(strdup("of libc"));
}
