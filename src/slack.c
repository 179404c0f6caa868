/*
 * slack - what lies behind a block, and before a guarded one; and the report where it was written to.
 *
 *     | what was asked for | 0 | pattern ...      |
 *
 * Holds:  the secret that patterns are made of.
 * Always: a word of slack that starts at a multiple of eight is the pattern of its block.
 * Locks:  none; whoever owns the block at the time calls.
 */
#include "slack.h"
#include "machine.h"
#include "misuse.h"

uint64_t slack_secret;

const unsigned char slack_masks[2 * SLACK_PAIR_BYTES] = {
        [SLACK_PAIR_BYTES... 2 * SLACK_PAIR_BYTES - 1] = 0xff};

void slack_boot(void)
{
	slack_secret = machine_random();
}

/* The word that the end of a block lies in: what it holds from there on, and a mask of these bytes. The
 * first of them is zero, so that a string without an end ends there. */
static uint64_t slack_word(uint64_t pattern, size_t size, uint64_t *mask)
{
	unsigned bits = size % sizeof pattern * 8;

	*mask = UINT64_MAX << bits;
	return pattern & *mask & ~((uint64_t)0xff << bits);
}

void slack_fill(unsigned char *block, size_t size, size_t room)
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

slack_pair slack_wrong_long(const unsigned char *block, size_t size, size_t room)
{
	const uint64_t pattern = slack_pattern(block);
	const slack_pair pair = {pattern, pattern};
	slack_pair wrong = {0, 0};
	size_t at = size & -sizeof pattern;
	uint64_t mask, word;

	if (size == room)
		return wrong;
	uint64_t slack = slack_word(pattern, size, &mask);
	memcpy(&word, block + at, sizeof word);
	wrong[0] = (word ^ slack) & mask;
	at += sizeof word;
	for (; at + sizeof pair <= room; at += sizeof pair)
		wrong |= slack_pair_at(block + at) ^ pair;
	if (at < room) {
		memcpy(&word, block + at, sizeof word);
		wrong[1] |= word ^ pattern;
	}
	return wrong;
}

static unsigned char pattern_byte(const unsigned char *block, size_t at)
{
	return (unsigned char)(slack_pattern(block) >> at % sizeof slack_secret * 8);
}

__attribute__((noinline, cold)) void slack_tell(unsigned char *block, size_t size, size_t room)
{
	size_t at = size;

	if (block[at] == 0)
		for (at++; at < room && block[at] == pattern_byte(block, at); at++)
			continue;
	slack_fill(block, size, room); /* to be told once */
	misuse_access("overflow", block, size, (ptrdiff_t)at, "written to");
}

void slack_fill_before(unsigned char *first, const unsigned char *block)
{
	const uint64_t pattern = slack_pattern(block);

	for (; first < block; first += sizeof pattern)
		memcpy(first, &pattern, sizeof pattern);
}

__attribute__((noinline, cold)) static void tell_before(unsigned char *first,
                                                        const unsigned char *block, size_t size)
{
	size_t back = 1;

	while (*(block - back) == pattern_byte(block, -back))
		back++;
	slack_fill_before(first, block); /* to be told once */
	misuse_access("underflow", block, size, -(ptrdiff_t)back, "written to");
}

void slack_check_before(unsigned char *first, const unsigned char *block, size_t size)
{
	const uint64_t pattern = slack_pattern(block);
	uint64_t word;

	for (const unsigned char *at = first; at < block; at += sizeof word) {
		memcpy(&word, at, sizeof word);
		if (unlikely(word != pattern)) {
			tell_before(first, block, size);
			return;
		}
	}
}
