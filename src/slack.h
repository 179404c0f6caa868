/*
 * slack.h - the bytes between the end of a block and the end of its room: filled, and checked later.
 *
 * A block has size bytes of room bytes; it starts at a multiple of eight, and room is one.
 */
#ifndef SLACK_H
#define SLACK_H

#include "report.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What patterns are made of. */
extern uint64_t slack_secret __attribute__((visibility("hidden")));

/* Draws the secret, once. */
void slack_boot(void);

/* Reports the first byte behind a block that was written to, and fills the slack anew. */
void slack_tell(unsigned char *block, size_t size, size_t room);

/* What the slack of a block holds, word for word; no byte of it is zero. Each block has a pattern of its own,
 * as a copy of one block onto another that goes too far would else leave what it finds. */
static inline uint64_t slack_pattern(const unsigned char *block)
{
	/* 2^64 by the golden ratio: addresses that differ in little become numbers that differ in each byte. */
	uint64_t mixed = ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u;

	return (slack_secret ^ mixed) | 0x0101010101010101u;
}

/* The word that the end of a block lies in: what it holds from there on, and a mask of these bytes. The
 * first of them is zero, so that a string without an end ends there. */
static inline uint64_t slack_word(uint64_t pattern, size_t size, uint64_t *mask)
{
	unsigned bits = size % sizeof pattern * 8;

	*mask = UINT64_MAX << bits;
	return pattern & *mask & ~((uint64_t)0xff << bits);
}

/* Two words of slack at a time, where there are as many. */
typedef uint64_t slack_pair __attribute__((vector_size(16)));

static inline void slack_fill(unsigned char *block, size_t size, size_t room)
{
	const uint64_t pattern = slack_pattern(block);
	const slack_pair pair = {pattern, pattern};
	size_t at = size & -sizeof pattern;
	uint64_t mask, word;

	if (size == room)
		return;
	uint64_t slack = slack_word(pattern, size, &mask);
	memcpy(&word, block + at, sizeof word);
	word = (word & ~mask) | slack;
	memcpy(block + at, &word, sizeof word);
	at += sizeof word;
	for (; at + sizeof pair <= room; at += sizeof pair)
		memcpy(block + at, &pair, sizeof pair);
	if (at < room)
		memcpy(block + at, &pattern, sizeof pattern);
}

static inline void slack_check(unsigned char *block, size_t size, size_t room)
{
	const uint64_t pattern = slack_pattern(block);
	const slack_pair pair = {pattern, pattern};
	slack_pair found, wrong = {0, 0};
	size_t at = size & -sizeof pattern;
	uint64_t mask, word;

	if (size == room)
		return;
	uint64_t slack = slack_word(pattern, size, &mask);
	memcpy(&word, block + at, sizeof word);
	wrong[0] = (word ^ slack) & mask;
	at += sizeof word;
	for (; at + sizeof pair <= room; at += sizeof pair) {
		memcpy(&found, block + at, sizeof found);
		wrong |= found ^ pair;
	}
	if (at < room) {
		memcpy(&word, block + at, sizeof word);
		wrong[1] |= word ^ pattern;
	}
	if (unlikely((wrong[0] | wrong[1]) != 0))
		slack_tell(block, size, room);
}

#endif
