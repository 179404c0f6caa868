/* free(NULL) does nothing, at any time. */
#include "test.h"
#include <malloc.h>

__attribute__((constructor)) static void early(void)
{
	free(NULL);
}

static void late(void)
{
	free(NULL);
	puts("and at exit");
}

int main(void)
{
	atexit(late);
	errno = 9;
	for (int i = 0; i < 1000; i++)
		free(NULL);
	SAY(errno == 9);
	free(realloc(NULL, 10));
	SAY(malloc_usable_size(NULL) == 0);
	return 0;
}
