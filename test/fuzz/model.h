/*
 * model.h - operations read from bytes, and the blocks that they should have left behind.
 *
 * A target, test/fuzz/model_NAME.c, does what some bytes say to a part of halloc and to the reference below, which
 * must agree after every step. It is fed two ways: test/lib/model.c replays test/fuzz/corpus/NAME and
 * seeded bytes in make test; in make fuzz, libFuzzer looks for bytes that lead somewhere new.
 */
#ifndef MODEL_H
#define MODEL_H

#include "alloc.h"
#include "boot.h"
#include "heap.h"
#include "introspect.h"
#include "limit.h"
#include "options.h"
#include "os.h"
#include "page_b.h"
#include "slab.h"
#include "tcache.h"
#include "test.h"

/* What each target has: the settings to run under, "NAME=VALUE", to the first NULL; how many seeds make test
 * tries under each; and the operations themselves. */
extern const char *const model_modes[];
extern const unsigned model_seeds;
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* As REQUIRE, but ends by abort, which libFuzzer takes for a find. */
#define CLAIM(claim)                                            \
	do {                                                    \
		if (!(claim))                                   \
			model_fail(__FILE__, __LINE__, #claim); \
	} while (0)

__attribute__((noreturn)) static inline void model_fail(const char *file, int line,
                                                        const char *claim)
{
	dprintf(STDERR_FILENO, "%s:%d: not so: %s (errno %d)\n", file, line, claim, errno);
	abort();
}

/* --- What the bytes say --------------------------------------------------------------------------- */

struct input {
	const uint8_t *next;
	size_t left;
};

/* A number below bound, from one byte or as few more as it takes; 0 once the bytes have run out. */
static inline size_t draw(struct input *input, size_t bound)
{
	size_t number = 0;

	for (size_t reach = 1; reach < bound && input->left > 0; reach <<= 8, input->left--)
		number = number << 8 | *input->next++;
	return number % bound;
}

/* A size of bytes: of small blocks mostly, at the bounds of the classes, and of large ones. */
static inline size_t draw_size(struct input *input)
{
	switch (draw(input, 8)) {
	case 0:
		return sizeclasses[draw(input, SIZECLASS_COUNT)].slot_bytes + draw(input, 3) - 1;
	case 1:
		return draw(input, 40000);
	case 2:
		return SIZECLASS_BYTES_MAX - 2 + draw(input, 5);
	case 3:
		return draw(input, 300000);
	case 4:
		return ((size_t)1 << 20) - 1 + draw(input, (size_t)1 << 20);
	default:
		return draw(input, 600);
	}
}

/* --- The reference: blocks that are out -------------------------------------------------------------- */

enum { BLOCKS = 48 };

struct block {
	unsigned char *at; /* NULL: none */
	size_t bytes;      /* usable, all of them written to */
	size_t asked;
	size_t alignment;
	unsigned owner;
	struct heap *heap; /* of those that users make; NULL: the process's */
	struct slot slot;  /* of the targets that deal in slots */
};

static struct block blocks[BLOCKS];
static unsigned owners;

/* The bytes that are written and checked: all of a small block, of others both ends and some of each OS page. */
static inline size_t next_spot(size_t bytes, size_t spot)
{
	size_t end = bytes > 4096 ? bytes - 512 : 0;

	if (end == 0 || spot < 512 || spot >= end)
		return spot + 1;
	return spot + 1021 < end ? spot + 1021 : end;
}

static inline unsigned char pattern(const struct block *block, size_t spot)
{
	return (unsigned char)(block->owner * 37 + spot * 11 + (spot >> 8) + 1);
}

static inline void block_write(struct block *block)
{
	block->owner = ++owners;
	for (size_t i = 0; i < block->bytes; i = next_spot(block->bytes, i))
		block->at[i] = pattern(block, i);
}

/* Claims that the first bytes of a block are what block_write wrote. */
static inline void block_check(const struct block *block, size_t bytes)
{
	for (size_t i = 0; i < block->bytes && i < bytes; i = next_spot(block->bytes, i))
		CLAIM(block->at[i] == pattern(block, i));
}

static inline void zero_check(const unsigned char *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i = next_spot(bytes, i))
		CLAIM(at[i] == 0);
}

/* Claims that a block lies where it should, apart from all others, and writes to it. */
static inline void block_enter(struct block *block)
{
	uintptr_t start = (uintptr_t)block->at, end = start + block->bytes;

	CLAIM(block->bytes >= block->asked);
	CLAIM(start % block->alignment == 0);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uintptr_t other = (uintptr_t)blocks[i].at;
		if (&blocks[i] != block && other != 0) {
			CLAIM(start != other);
			CLAIM(end <= other || start >= other + blocks[i].bytes);
		}
	}
	block_write(block);
}

/* Whether a block is out that starts at ptr. */
static inline bool is_out(const void *ptr)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].at == ptr)
			return true;
	return false;
}

/* A block in a place of the table, or an empty place. Returns: NULL when there is none. */
static inline struct block *draw_block(struct input *input, bool out)
{
	size_t start = draw(input, BLOCKS);

	for (size_t i = 0; i < BLOCKS; i++) {
		struct block *block = &blocks[(start + i) % BLOCKS];
		if ((block->at != NULL) == out)
			return block;
	}
	return NULL;
}

static inline unsigned blocks_out(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		count += blocks[i].at != NULL;
	return count;
}

/* Every walker, over all that there is. */
static inline void walk_all(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		CLAIM(slab_ok(slab_arenas[i]));
	CLAIM(heap_ok(heap_process));
	CLAIM(page_b_ok());
}

#endif
