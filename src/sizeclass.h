/*
 * sizeclass.h - size to class and back.
 *
 * Classes rise by 16 bytes to 256, from there by an eighth of the power of two below: a block above 256
 * bytes wastes at most 12 % of the class that fits it. Every size is a multiple of 16, so every slot is aligned to 16.
 *
 * Above 256 bytes classes come in fours, and the largest of four is coarse: at first it serves the sizes of all four, so
 * that a program with a few blocks of each has them on a quarter of the pages. Where there are many, it is refined.
 */
#ifndef SIZECLASS_H
#define SIZECLASS_H

#include <stddef.h>
#include <stdint.h>

/* X(class, the size of the class below, size) */
/* clang-format off */
#define SIZECLASSES(X) \
	X( 0,     0,    16) X( 1,    16,    32) X( 2,    32,    48) X( 3,    48,    64) \
	X( 4,    64,    80) X( 5,    80,    96) X( 6,    96,   112) X( 7,   112,   128) \
	X( 8,   128,   144) X( 9,   144,   160) X(10,   160,   176) X(11,   176,   192) \
	X(12,   192,   208) X(13,   208,   224) X(14,   224,   240) X(15,   240,   256) \
	X(16,   256,   288) X(17,   288,   320) X(18,   320,   352) X(19,   352,   384) \
	X(20,   384,   416) X(21,   416,   448) X(22,   448,   480) X(23,   480,   512) \
	X(24,   512,   576) X(25,   576,   640) X(26,   640,   704) X(27,   704,   768) \
	X(28,   768,   832) X(29,   832,   896) X(30,   896,   960) X(31,   960,  1024) \
	X(32,  1024,  1152) X(33,  1152,  1280) X(34,  1280,  1408) X(35,  1408,  1536) \
	X(36,  1536,  1664) X(37,  1664,  1792) X(38,  1792,  1920) X(39,  1920,  2048) \
	X(40,  2048,  2304) X(41,  2304,  2560) X(42,  2560,  2816) X(43,  2816,  3072) \
	X(44,  3072,  3328) X(45,  3328,  3584) X(46,  3584,  3840) X(47,  3840,  4096) \
	X(48,  4096,  4608) X(49,  4608,  5120) X(50,  5120,  5632) X(51,  5632,  6144) \
	X(52,  6144,  6656) X(53,  6656,  7168) X(54,  7168,  7680) X(55,  7680,  8192) \
	X(56,  8192,  9216) X(57,  9216, 10240) X(58, 10240, 11264) X(59, 11264, 12288) \
	X(60, 12288, 13312) X(61, 13312, 14336) X(62, 14336, 15360) X(63, 15360, 16384) \
	X(64, 16384, 18432) X(65, 18432, 20480) X(66, 20480, 22528) X(67, 22528, 24576) \
	X(68, 24576, 26624) X(69, 26624, 28672) X(70, 28672, 30720) X(71, 30720, 32768)
/* clang-format on */

#define SIZECLASS_COUNT     72
#define SIZECLASS_BYTES_MAX ((size_t)32768)
#define SIZECLASS_STEP      16

struct sizeclass {
	uint32_t slot_bytes;
	uint16_t slots;      /* in a slab */
	uint16_t heap_pages; /* of a slab */
	uint64_t reciprocal; /* of slot_bytes: see sizeclass_is_start */
};

extern const struct sizeclass sizeclasses[SIZECLASS_COUNT] __attribute__((visibility("hidden")));

/* Twice the class that serves a size: its place among pairs of words. Indexed by size in steps of 16 bytes, rounded up.
 * sizeclass_refine changes it, a byte at a time, and where it lies: whatever others still find holds the size. */
extern const uint8_t *sizeclass_twice __attribute__((visibility("hidden")));

/* Where it lies at first, and from the first change on: there is no third place. */
extern const uint8_t sizeclass_coarse[] __attribute__((visibility("hidden")));
extern uint8_t sizeclass_refined[] __attribute__((visibility("hidden")));

/* Requires: size <= SIZECLASS_BYTES_MAX. */
static inline unsigned sizeclass_twice_of(size_t size)
{
	const uint8_t *table = __atomic_load_n(&sizeclass_twice, __ATOMIC_CONSUME);

	return __atomic_load_n(&table[(size + SIZECLASS_STEP - 1) / SIZECLASS_STEP],
	                       __ATOMIC_RELAXED);
}

/* The class that serves blocks of size bytes from now on. Size 0 has the class of 32 bytes, as glibc's smallest block can
 * hold 24. Requires: size <= SIZECLASS_BYTES_MAX. */
static inline unsigned sizeclass_of(size_t size)
{
	return sizeclass_twice_of(size) / 2;
}

/*
 * One multiplication tells the slot that an offset into a slab lies in, and whether it is the slot's
 * start. With r = ceil(2^64 / size) and offsets below 2^32, the high half of offset * r is
 * offset / size, and the low half is below r exactly when the division leaves nothing
 * (Lemire, Kaser, Kurz: Faster remainder by direct computation, 2019).
 */
static inline uint64_t sizeclass_divide(uint64_t offset, uint64_t reciprocal, uint64_t *rest)
{
	unsigned __int128 product = (unsigned __int128)offset * reciprocal;

	*rest = (uint64_t)product;
	return (uint64_t)(product >> 64);
}

/* The smallest class whose slots hold size bytes and are all aligned to alignment, a power of two.
 * Returns: SIZECLASS_COUNT when there is none. */
unsigned sizeclass_of_aligned(size_t size, size_t alignment);

/* From here on each size that a coarse class serves has the class that fits it best. Of one that is refined already, or not
 * coarse, nothing changes. From any thread, at any time. */
void sizeclass_refine(unsigned class);
void sizeclass_refine_all(void);

#endif
