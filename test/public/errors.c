/* Bad arguments: NULL or -1 with EINVAL, and nothing changes. */
#include "walked.h"

static int never(const struct heap_cell_info *cell, void *arg)
{
	(void)cell, (void)arg;
	test_fail(__FILE__, __LINE__, "never called");
}

#define FAILS(call, error)               \
	do {                             \
		errno = 0;               \
		REQUIRE(call);           \
		REQUIRE(errno == error); \
	} while (0)

int main(void)
{
	struct heap *heap = heap_create(0, 0), *other = heap_create(0, 0);
	char local[32] __attribute__((aligned(16))) = "", text[20000];
	char *cell = heap_alloc(heap, 100), *dead = heap_alloc(heap, 100),
	     *foreign = heap_alloc(other, 100);
	static char data[32] __attribute__((aligned(16)));
	size_t bad[] = {3, 5, 6, 7, 9, 12, 48, 100, SIZE_MAX, SIZE_MAX / 2};

	heap_free(heap, dead);
	strcpy(text, walk(heap)->text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		FAILS(heap_create(0, bad[i]) == NULL, EINVAL);
	FAILS(heap_create(100, 3) == NULL, EINVAL);
	errno = 0;
	FAILS(heap_create(SIZE_MAX, 0) == NULL, EINVAL);
	errno = 0;
	FAILS(heap_create(SIZE_MAX - 4096, 1) == NULL, EINVAL);
	errno = 0;
	REQUIRE(heap_create((size_t)1 << 60, 16) == NULL && (errno == EINVAL || errno == ENOMEM));
	FAILS(heap_alloc(NULL, 10) == NULL, EINVAL);
	FAILS(heap_free(NULL, cell) == -1, EINVAL);
	FAILS(heap_free(heap, dead) == -1, EINVAL);
	FAILS(heap_free(heap, cell + 1) == -1, EINVAL);
	FAILS(heap_free(heap, cell + 16) == -1, EINVAL);
	FAILS(heap_free(heap, cell - 16) == -1, EINVAL);
	FAILS(heap_free(heap, cell + 4096) == -1, EINVAL);
	FAILS(heap_free(heap, foreign) == -1, EINVAL);
	FAILS(heap_free(heap, local) == -1, EINVAL);
	FAILS(heap_free(heap, data) == -1, EINVAL);
	FAILS(heap_free(heap, (void *)16) == -1, EINVAL);
	FAILS(heap_free(heap, (void *)-16) == -1, EINVAL);
	FAILS(heap_walk(NULL, never, NULL) == -1, EINVAL);
	FAILS(heap_walk(heap, NULL, NULL) == -1, EINVAL);
	FAILS(heap_print(NULL, 1) == -1, EINVAL);
	FAILS(heap_print(heap, -1) == -1, EBADF);
	FAILS(heap_print(heap, 1000) == -1, EBADF);
	FAILS(hprint(-1) == -1, EBADF);
	errno = 0;
	REQUIRE(heap_free(heap, NULL) == 0);
	REQUIRE(errno == 0);
	LOOKS(heap, text);
	REQUIRE(walk(other)->used == 112);
	heap_defrag(NULL);
	heap_destroy(NULL);
	heap_destroy(heap);
	heap_destroy(other);
	return 0;
}
