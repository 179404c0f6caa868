/*
 * slack - what lies behind a block, and the report where it was written to.
 *
 *     | what was asked for | 0 | pattern ...      |
 *
 * Holds:  the secret that patterns are made of.
 * Always: a word of slack that starts at a multiple of eight is the pattern of its block.
 * Locks:  none; whoever owns the block at the time calls.
 */
#include "slack.h"
#include "misuse.h"
#include "os.h"

uint64_t slack_secret;

void slack_boot(void)
{
	slack_secret = os_random();
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
