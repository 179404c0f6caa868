/*
 * gather - reads parts of memory that lie close together in one go.
 *
 *     parts    | a |  | b |      | c |                                  | d |
 *     reads    |<----------------------->|                              |<--->|
 *
 * Holds:  nothing.
 * Always: a part that cannot be read spoils no other.
 */
#include "gather.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that are cheaper to read than a further system call; and the most in one read. */
#define GAP_BYTES_MAX  4096u
#define READ_BYTES_MAX ((size_t)1 << 20)

static int part_compare(const void *a, const void *b)
{
	const struct gather_part *left = a;
	const struct gather_part *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

static bool run_read(struct source *source, struct gather_part *parts, size_t count, char *buffer)
{
	uint64_t start = parts[0].address;
	uint64_t end = start;

	for (size_t i = 0; i < count; i++)
		if (parts[i].address + parts[i].bytes > end)
			end = parts[i].address + parts[i].bytes;
	if (!source_read(source, start, buffer, (size_t)(end - start)))
		return false;
	for (size_t i = 0; i < count; i++) {
		memcpy(parts[i].to, buffer + (parts[i].address - start), parts[i].bytes);
		parts[i].done = true;
	}
	return true;
}

/* How many parts from the first lie close enough to be read together. */
static size_t run_length(const struct gather_part *parts, size_t count)
{
	uint64_t start = parts[0].address;
	uint64_t end = start + parts[0].bytes;
	size_t length = 1;

	if (parts[0].bytes > READ_BYTES_MAX)
		return 1;
	for (; length < count; length++) {
		const struct gather_part *part = &parts[length];
		if (part->address > end + GAP_BYTES_MAX ||
		    part->address + part->bytes > start + READ_BYTES_MAX)
			break;
		if (part->address + part->bytes > end)
			end = part->address + part->bytes;
	}
	return length;
}

void gather(struct source *source, struct gather_part *parts, size_t count)
{
	static char buffer[READ_BYTES_MAX];

	qsort(parts, count, sizeof *parts, part_compare);
	for (size_t i = 0; i < count;) {
		size_t length = run_length(parts + i, count - i);
		if (length == 1)
			parts[i].done =
			        source_read(source, parts[i].address, parts[i].to, parts[i].bytes);
		else if (!run_read(source, parts + i, length, buffer))
			for (size_t k = i; k < i + length; k++)
				parts[k].done = source_read(source, parts[k].address, parts[k].to,
				                            parts[k].bytes);
		i += length;
	}
}
