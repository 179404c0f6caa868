/*
 * slack.h - the bytes between the end of a block and the end of its room: filled, and checked later.
 *
 * A block has size bytes of room bytes; it starts at a multiple of eight, and room is one.
 */
#ifndef SLACK_H
#define SLACK_H

#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What patterns are made of. */
extern uint64_t slack_secret __attribute__((visibility("hidden")));

/* Draws the secret, once. */
void slack_boot(void);

/* Reports the first byte behind a block that was written to, and fills the slack anew. */
void slack_tell(unsigned char *block, size_t size, size_t room);

/* What the slack of a block holds, word for word; each byte of it is odd, so none is zero. Each block has a
 * pattern of its own, as a copy of one block onto another that goes too far would else leave what it finds. */
static inline uint64_t slack_pattern(const unsigned char *block)
{
	/* 2^64 by the golden ratio: addresses that differ in little become numbers that differ in each byte. */
	uint64_t mixed = ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u;

	return (slack_secret ^ mixed) | 0x0101010101010101u;
}

/* Two words of slack at a time, where there are as many. */
typedef uint64_t slack_pair __attribute__((vector_size(16)));

#define SLACK_PAIR_BYTES sizeof(slack_pair)

static inline slack_pair slack_pair_at(const unsigned char *start)
{
	slack_pair pair;

	memcpy(&pair, start, sizeof pair);
	return pair;
}

static inline bool slack_pair_any(slack_pair pair)
{
	return (pair[0] | pair[1]) != 0;
}

/* From byte n on: a mask of the last n bytes of a pair. */
extern const unsigned char slack_masks[2 * SLACK_PAIR_BYTES] __attribute__((visibility("hidden")));

/* What the last pair of a room holds whose last bytes, from 1 to all of them, are slack, and whose other bytes
 * are zero. */
static inline slack_pair slack_end(const unsigned char *block, size_t bytes)
{
	const uint64_t pattern = slack_pattern(block);
	const slack_pair pair = {pattern, pattern};

	return pair & slack_pair_at(slack_masks + bytes - 1);
}

/* Fills the slack of a block. */
void slack_fill(unsigned char *block, size_t size, size_t room);

/* What is wrong behind a block: no bit of it, as it should be. */
slack_pair slack_wrong_long(const unsigned char *block, size_t size, size_t room);

/* Whether all of the slack lies in the last pair of the room, as it does behind most blocks. */
static inline bool slack_is_short(size_t size, size_t room)
{
	return likely(room - size - 1 < SLACK_PAIR_BYTES);
}

/* As slack_wrong_long, the quick way where there is one. */
static inline slack_pair slack_wrong(const unsigned char *block, size_t size, size_t room)
{
	if (!slack_is_short(size, room))
		return slack_wrong_long(block, size, room);
	slack_pair found = slack_pair_at(block + room - SLACK_PAIR_BYTES);
	return (found ^ slack_end(block, room - size)) & slack_pair_at(slack_masks + room - size);
}

/* Fills the room before a block, from first on, which is a multiple of eight bytes. */
void slack_fill_before(unsigned char *first, const unsigned char *block);

/* Reports the byte of that room next to the block that was written to, if one was, and fills the room anew. */
void slack_check_before(unsigned char *first, const unsigned char *block, size_t size);

static inline void slack_check(unsigned char *block, size_t size, size_t room)
{
	if (unlikely(slack_pair_any(slack_wrong(block, size, room))))
		slack_tell(block, size, room);
}

#endif
