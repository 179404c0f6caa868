/* hfree: 0, or -1 and EINVAL without an abort, for all that does not start a live cell. */
#include "halloc.h"
#include "test.h"
#include <sys/mman.h>

static void refuses(const void *ptr)
{
	errno = 0;
	REQUIRE(hfree((void *)(uintptr_t)ptr) == -1);
	REQUIRE(errno == EINVAL);
	REQUIRE(hsize(ptr) == 0);
}

static void lives_and_dies(size_t size)
{
	char *cell = halloc(size), *other = malloc(size);

	REQUIRE(cell && other && cell != other);
	REQUIRE((uintptr_t)cell % 16 == 0);
	REQUIRE(hsize(cell) >= size);
	fill(cell, hsize(cell), 1);
	refuses(cell + 1);
	refuses(cell + 8);
	if (size > 16)
		refuses(cell + 16);
	refuses(cell + size / 2 + 1);
	REQUIRE(filled(cell, hsize(cell), 1));
	errno = 0;
	REQUIRE(hfree(cell) == 0);
	refuses(cell);
	refuses(cell);
	REQUIRE(hfree(other) == 0); /* of malloc */
	free(halloc(size));
	REQUIRE(errno == EINVAL); /* that of refuses: success leaves errno */
}

int main(void)
{
	char local[64] __attribute__((aligned(16))) = "";
	static char data[64] __attribute__((aligned(16)));
	size_t sizes[] = {0,    1,     16,     48,      100,      1000,
	                  5000, 40000, 100000, 1 << 20, 10 << 20, 100 << 20};
	void *foreign =
	        mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile size_t max = SIZE_MAX;

	REQUIRE(hfree(NULL) == 0);
	REQUIRE(hsize(NULL) == 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		lives_and_dies(sizes[i]);
	refuses(local);
	refuses(data);
	refuses(foreign);
	refuses((void *)16);
	refuses((void *)1);
	refuses((void *)-16);
	refuses((void *)0xffff800000001000);
	refuses((void *)((uintptr_t)foreign | 1ul << 60));
	refuses((void *)(((uintptr_t)halloc(10) & ~0xfffful) + (64 << 20)));
	errno = 0;
	REQUIRE(halloc(max) == NULL && errno == ENOMEM);
	errno = 0;
	REQUIRE(halloc(max / 2 + 1) == NULL && errno == ENOMEM);
	return 0;
}
