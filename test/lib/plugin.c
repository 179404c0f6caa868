/* plugin - allocates and frees across its border. */
#include "test.h"

char *plugin_makes(size_t size);
void plugin_frees(void *block);

char *plugin_makes(size_t size)
{
	return memset(malloc(size), 'p', size);
}

void plugin_frees(void *block)
{
	free(block);
	free(strdup("of libc"));
}
