/* Sized frees that are right are never stopped: any size, after realloc in place, any alignment; and free is right
 * for all.
 * run: HALLOC_MISMATCH=1
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 */
#include "test.h"
#include <malloc.h>

void free_sized(void *, size_t) __attribute__((weak));
void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main(void)
{
	REQUIRE(free_sized != NULL && free_aligned_sized != NULL);
	free_sized(NULL, 7);
	free_aligned_sized(NULL, 16, 7);
	for (size_t size = 0; size < 3000000; size += 1 + size / 9) {
		free_sized(malloc(size), size);
		free_sized(calloc(1, size), size);
		for (size_t less = size; less > 0; less -= (less + 7) / 8)
			free_sized(realloc(malloc(size), less), less);
		for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2)
			free_aligned_sized(aligned_alloc(alignment, size), alignment, size);
		/* What realloc has left where it was is as from malloc. */
		for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 4)
			free_sized(realloc(aligned_alloc(alignment, size), size + 1), size + 1);
		free(aligned_alloc(64, size));
		free(realloc(aligned_alloc(64, size), size + 1));
		void *block = NULL;
		REQUIRE(posix_memalign(&block, 64, size) == 0);
		free_aligned_sized(block, 64, size);
		free_aligned_sized(memalign(256, size), 256, size);
	}
	return 0;
}
