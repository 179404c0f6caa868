/*
 * sizeclass - the tables of the size classes.
 *
 * Holds:  constants; which class serves which size.
 * Always: sizes rise; each is a multiple of 16; a slab wastes at most one slot of its pages. What serves a size holds it.
 * Locks:  none.
 */
#include "sizeclass.h"
#include "os.h"
#include "report.h"

#include <string.h>

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

/* The first class that has a coarse one, and how many of them one serves. */
#define FINE_FIRST 16u
#define FINE       4u

_Static_assert(FINE_FIRST % FINE == 0 && SIZECLASS_COUNT % FINE == 0, "they come in fours");

#define COARSE(class) ((class) < FINE_FIRST ? (class) : (class) | (FINE - 1))

#define STEPS (SIZECLASS_BYTES_MAX / SIZECLASS_STEP + 1)

const uint8_t sizeclass_coarse[STEPS] = {[0] = 2,
#define X(class, below, size) \
	[(below) / SIZECLASS_STEP + 1 ...(size) / SIZECLASS_STEP] = 2 * COARSE(class),
                                         SIZECLASSES(X)
#undef X
};

uint8_t sizeclass_refined[STEPS] lies_late;

const uint8_t *sizeclass_twice = sizeclass_coarse;

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

/* The first place in the table that is of this class alone. */
static unsigned first_step(unsigned class)
{
	return sizeclasses[class - 1].slot_bytes / SIZECLASS_STEP + 1;
}

runs_later void sizeclass_refine(unsigned class)
{
	if (class < FINE_FIRST || COARSE(class) != class)
		return;
	unsigned fine = class - (FINE - 1);
	unsigned step = first_step(fine);
	if (sizeclass_twice_of(step * SIZECLASS_STEP) != 2 * class)
		return;
	/* Two threads that come here at once at worst leave a class coarse, until there is the next slab of it. */
	const uint8_t *table = __atomic_load_n(&sizeclass_twice, __ATOMIC_RELAXED);
	if (table != sizeclass_refined) {
		memcpy(sizeclass_refined, table, STEPS);
		__atomic_store_n(&sizeclass_twice, sizeclass_refined, __ATOMIC_RELEASE);
	}
	for (; fine < class; fine++)
		for (; step < first_step(fine + 1); step++)
			__atomic_store_n(&sizeclass_refined[step], (uint8_t)(2 * fine),
			                 __ATOMIC_RELAXED);
}

runs_seldom void sizeclass_refine_all(void)
{
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		sizeclass_refine(class);
}
