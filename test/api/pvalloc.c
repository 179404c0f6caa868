/* pvalloc rounds up to whole pages; pvalloc(0) is one page. */
#include "test.h"
#include <malloc.h>

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 65536, 100001, 5000000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t room = (sizes[i] + page - 1) / page * page;
		char *block = pvalloc(sizes[i]);

		room = room ? room : i == 0 ? 0 : page;
		printf("pvalloc(%zu): %s, low bits %zu, whole pages usable: %s\n", sizes[i],
		       block ? "a block" : "NULL", (uintptr_t)block % page,
		       malloc_usable_size(block) >= room ? "yes" : "no");
		fill(block, room, 1);
		free(block);
		block = valloc(sizes[i]);
		printf("valloc(%zu): %s, low bits %zu\n", sizes[i], block ? "a block" : "NULL",
		       (uintptr_t)block % page);
		fill(block, sizes[i], 2);
		free(block);
	}
	return 0;
}
