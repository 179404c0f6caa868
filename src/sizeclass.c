/*
 * sizeclass - the tables of the size classes.
 *
 * Holds:  constants.
 * Always: sizes rise; each is a multiple of 16; a slab wastes at most one slot of its pages.
 * Locks:  none.
 */
#include "sizeclass.h"
#include "os.h"

/* A slab has one heap page up to slots of 8 KiB, two to 16 KiB, four to 32 KiB: eight slots or more. */
#define PAGES(size) ((size) <= 8192 ? 1 : (size) <= 16384 ? 2 : 4)
#define SLOTS(size) (PAGES(size) * HEAP_PAGE_BYTES / (size))

/* In a page that the loader writes to: a core file leaves out what the library's own file holds. */
const struct sizeclass sizeclasses[SIZECLASS_COUNT] __attribute__((section(".data.rel.ro"))) = {
#define X(class, below, size)                          \
	[class] = {                                    \
	        .slot_bytes = (size),                  \
	        .slots = (uint16_t)SLOTS(size),        \
	        .heap_pages = PAGES(size),             \
	        .reciprocal = UINT64_MAX / (size) + 1, \
	},
        SIZECLASSES(X)
#undef X
};

_Static_assert(2 * SIZECLASS_COUNT <= UINT8_MAX, "twice a class is a byte");

const uint8_t sizeclass_twice[SIZECLASS_BYTES_MAX / SIZECLASS_STEP + 1] = {[0] = 2,
#define X(class, below, size) \
	[(below) / SIZECLASS_STEP + 1 ...(size) / SIZECLASS_STEP] = 2 * (class),
                                                                           SIZECLASSES(X)
#undef X
};

unsigned sizeclass_of_aligned(size_t size, size_t alignment)
{
	if (size > SIZECLASS_BYTES_MAX || alignment > SIZECLASS_BYTES_MAX)
		return SIZECLASS_COUNT;
	/* A multiple of the alignment cannot be smaller than the alignment. */
	unsigned class = sizeclass_of(size < alignment ? alignment : size);
	while (class < SIZECLASS_COUNT && (sizeclasses[class].slot_bytes & (alignment - 1)) != 0)
		class ++;
	return class;
}
