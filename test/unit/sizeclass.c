/* Every class, every size, and every offset into every slab.
 * links: sizeclass */
#include "sizeclass.h"
#include "os.h"
#include "test.h"

/* The reciprocal against plain division, over all the offsets that a slab has, and far beyond. */
static void divisions(unsigned class)
{
	const struct sizeclass *shape = &sizeclasses[class];
	uint64_t bytes = shape->slot_bytes;
	uint64_t end = shape->heap_pages * (uint64_t)HEAP_PAGE_BYTES;
	uint64_t rest;

	for (uint64_t offset = 0; offset <= end; offset++) {
		REQUIRE(sizeclass_divide(offset, shape->reciprocal, &rest) == offset / bytes);
		REQUIRE((rest < shape->reciprocal) == (offset % bytes == 0));
	}
	/* Of the rest behind the last slot: one state byte more, never live, answers for all of it. */
	for (uint64_t offset = shape->slots * bytes; offset < end; offset++)
		REQUIRE(sizeclass_divide(offset, shape->reciprocal, &rest) == shape->slots);
	REQUIRE(sizeclass_divide(shape->slots * bytes - 1, shape->reciprocal, &rest) ==
	        shape->slots - 1u);
	/* The claim is for offsets below 2^32: the multiples there and their neighbours. */
	for (uint64_t slot = 1; slot * bytes < UINT32_MAX; slot += 1 + slot / 64) {
		uint64_t start = slot * bytes;
		REQUIRE(sizeclass_divide(start, shape->reciprocal, &rest) == slot);
		REQUIRE(rest < shape->reciprocal);
		REQUIRE(sizeclass_divide(start - 1, shape->reciprocal, &rest) == slot - 1);
		REQUIRE(rest >= shape->reciprocal);
		REQUIRE(sizeclass_divide(start + 1, shape->reciprocal, &rest) == slot);
		REQUIRE(rest >= shape->reciprocal);
	}
	/* A page-map entry without a slab has the reciprocal 0: no offset passes for a start. */
	uint64_t none = 0;
	for (uint64_t offset = 0; offset <= end; offset += bytes) {
		REQUIRE(sizeclass_divide(offset, none, &rest) == 0);
		REQUIRE(rest >= none);
	}
}

static void shapes(void)
{
	uint32_t below = 0;

	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct sizeclass *shape = &sizeclasses[class];
		size_t bytes = shape->heap_pages * HEAP_PAGE_BYTES;

		REQUIRE(shape->slot_bytes > below);
		REQUIRE(shape->slot_bytes % 16 == 0);
		REQUIRE(shape->slots >= 8);
		REQUIRE(shape->slots == bytes / shape->slot_bytes);
		REQUIRE(shape->slots * (size_t)shape->slot_bytes <= bytes);
		/* The waste that sizeclass.h promises. */
		if (below >= 256)
			REQUIRE((shape->slot_bytes - below) * (below >= 4096 ? 4 : 8) <= below);
		else
			REQUIRE(shape->slot_bytes - below == 16);
		below = shape->slot_bytes;
	}
	REQUIRE(below == SIZECLASS_BYTES_MAX);
}

/* Above 256 bytes, the largest of four classes serves the sizes of all; none but it is refined. */
static void coarse_sizes(void)
{
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		if (class < 16 || class % 4 != 3)
			sizeclass_refine(class);
	for (size_t size = 1; size <= SIZECLASS_BYTES_MAX; size++) {
		unsigned class = sizeclass_of(size);
		REQUIRE(class < 16 || class % 4 == 3);
		REQUIRE(sizeclasses[class].slot_bytes >= size);
		REQUIRE(size <= 16 ||
		        sizeclasses[class < 16 ? class - 1 : class - 4].slot_bytes < size);
	}
}

/* Of four classes that are refined, each serves what it fits best; the four below and above are as they were. */
static void refined(void)
{
	for (unsigned class = 19; class < SIZECLASS_COUNT; class += 4) {
		sizeclass_refine(class);
		for (unsigned fine = class - 3; fine <= class; fine++) {
			REQUIRE(sizeclass_of(sizeclasses[fine].slot_bytes) == fine);
			REQUIRE(sizeclass_of(sizeclasses[fine - 1].slot_bytes + 1) == fine);
		}
		if (class + 1 < SIZECLASS_COUNT)
			REQUIRE(sizeclass_of(sizeclasses[class].slot_bytes + 1) == class + 4);
		sizeclass_refine(class);
	}
}

/* The class of a size is the smallest that holds it; nothing is as 24 bytes, which glibc gives. */
static void sizes(void)
{
	REQUIRE(sizeclasses[sizeclass_of(0)].slot_bytes >= 24);
	for (size_t size = 1; size <= SIZECLASS_BYTES_MAX; size++) {
		unsigned class = sizeclass_of(size);
		REQUIRE(class < SIZECLASS_COUNT);
		REQUIRE(sizeclasses[class].slot_bytes >= size);
		if (class > 0)
			REQUIRE(sizeclasses[class - 1].slot_bytes < size);
	}
}

static void aligned_sizes(void)
{
	for (size_t alignment = 1; alignment <= 2 * SIZECLASS_BYTES_MAX; alignment *= 2) {
		for (size_t size = 0; size <= SIZECLASS_BYTES_MAX + 1; size += 1 + size / 32) {
			unsigned class = sizeclass_of_aligned(size, alignment);
			unsigned expected = 0;
			while (expected < SIZECLASS_COUNT &&
			       (sizeclasses[expected].slot_bytes < size ||
			        sizeclasses[expected].slot_bytes % alignment != 0))
				expected++;
			REQUIRE(class == expected);
		}
	}
	REQUIRE(sizeclass_of_aligned(SIZE_MAX, 16) == SIZECLASS_COUNT);
	REQUIRE(sizeclass_of_aligned(1, (size_t)1 << 63) == SIZECLASS_COUNT);
}

int main(void)
{
	shapes();
	coarse_sizes();
	refined();
	sizes();
	aligned_sizes();
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		divisions(class);
	return 0;
}
