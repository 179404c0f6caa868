/* free preserves errno, whatever it does below; successful calls leave it too. */
#include "test.h"
#include <malloc.h>

static void show(const char *what, void *block)
{
	errno = 1234;
	free(block);
	printf("free(%s): errno %d\n", what, errno);
}

int main(void)
{
	void *blocks[2000];

	show("NULL", NULL);
	show("malloc(1)", malloc(1));
	show("malloc(5000)", malloc(5000));
	show("malloc(100000)", malloc(100000));
	show("malloc(1 MB)", malloc(1 << 20));
	show("malloc(10 MB)", malloc(10 << 20));
	show("malloc(200 MB)", malloc(200 << 20));
	show("calloc(1 MB)", calloc(1, 1 << 20));
	show("memalign(1 MB, 1 MB)", memalign(1 << 20, 1 << 20));
	show("valloc(3)", valloc(3));
	for (int i = 0; i < 2000; i++)
		blocks[i] = malloc(1000 + (size_t)i * 50);
	errno = 1234;
	for (int i = 0; i < 2000; i++)
		free(blocks[i]);
	SAY(errno == 1234);
	errno = 77;
	blocks[0] = malloc(10);
	blocks[1] = calloc(10, 10);
	blocks[0] = realloc(blocks[0], 100000);
	blocks[0] = realloc(blocks[0], 50000000);
	blocks[0] = realloc(blocks[0], 5);
	SAY(errno == 77);
	SAY(malloc_usable_size(blocks[0]) >= 5 && errno == 77);
	free(blocks[0]);
	free(blocks[1]);
	SAY(errno == 77);
	return 0;
}
