// The header serves C++ as well.
#include "halloc.h"
#include <cstring>
#include <new>
#include <string>

int main()
{
	heap *small = heap_create(0, 1);
	auto *cell = static_cast<char *>(heap_alloc(small, 10));
	size_t total = 0;

	std::memcpy(cell, "ten bytes", 10);
	heap_walk(
	        small,
	        [](const heap_cell_info *info, void *sum) {
		        *static_cast<size_t *>(sum) += info->size;
		        return 0;
	        },
	        &total);
	bool ok = total >= 4096 && std::string(cell) == "ten bytes" && heap_free(small, cell) == 0;
	heap_destroy(small);
	int *number = new (halloc(sizeof(int))) int(7);
	ok = ok && *number == 7 && hsize(number) >= sizeof(int) && hfree(number) == 0;
	hdefrag();
	return ok ? 0 : 1;
}
