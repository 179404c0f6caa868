/*
 * move - moves the pages of a range, in place of its bytes.
 *
 *     before | from: pages | to: zeros |
 *     after  | from: zeros | to: pages |
 *
 * Holds:  whether the system can do that.
 * Always: what the system does by half is undone.
 * Locks:  none; who calls has both ranges to itself.
 */
#include "move.h"
#include "os.h"
#include "report.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Whether the place that pages were moved from stays as good as any: not before Linux 5.7, and not in programs that
 * qemu emulates (7.2 does), to which it counts as unmapped: it is not purged any more. */
runs_later static bool moves_are_whole(void)
{
	enum { UNKNOWN, NO, YES };
	static unsigned answer;
	unsigned known = __atomic_load_n(&answer, __ATOMIC_RELAXED);

	if (known != UNKNOWN)
		return known == YES;
	char *page = os_map(2 * os_page_bytes);
	if (page == NULL)
		return false;
	if (!os_remap(page, page + os_page_bytes, os_page_bytes)) {
		known = errno == EINVAL ? NO : UNKNOWN;
	} else {
		*page = 1;
		if (os_purge(page, os_page_bytes))
			known = os_page_is_zero(page) ? YES : NO;
	}
	os_unmap(page, 2 * os_page_bytes);
	__atomic_store_n(&answer, known, __ATOMIC_RELAXED);
	return known == YES;
}

/* Where, after a refusal, pages are missing in a range; start is bytes where none are. Of pages that are all open, the
 * system says so when it is told to open them, and changes nothing. */
struct gap {
	size_t start;
	size_t end;
};

static size_t between(size_t low, size_t high)
{
	return low + (high - low) / 2 / os_page_bytes * os_page_bytes;
}

runs_seldom static struct gap gap_find(char *to, size_t bytes)
{
	struct gap gap = {.start = bytes, .end = bytes};
	size_t low = 0;

	if (os_unguard(to, bytes))
		return gap;
	while (gap.start - low > os_page_bytes) {
		size_t middle = between(low, gap.start);
		if (os_unguard(to + low, middle - low))
			low = middle;
		else
			gap.start = middle;
	}
	gap.start = low;
	while (gap.end - low > os_page_bytes) {
		size_t middle = between(low, gap.end);
		if (os_unguard(to + middle, bytes - middle))
			gap.end = middle;
		else
			low = middle;
	}
	return gap;
}

/* What is not zero was moved, as all was zero before. */
runs_seldom static void move_back(char *from, char *to, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += os_page_bytes)
		if (!os_page_is_zero(to + at))
			memcpy(from + at, to + at, os_page_bytes);
	os_purge(to, bytes);
}

/* The system may have unmapped the target before it found a reason to refuse. And since Linux 6.17 it moves mapping by
 * mapping: some may be at their new place, and another's is unmapped. */
runs_seldom static enum move move_undo(char *from, char *to, size_t bytes)
{
	struct gap gap = gap_find(to, bytes);

	move_back(from, to, gap.start);
	if (gap.start == bytes)
		return MOVE_FAILED;
	bool there = os_map_at((uintptr_t)(to + gap.start), gap.end - gap.start) == OS_CLAIMED;
	return there ? MOVE_FAILED : MOVE_LOST;
}

runs_later enum move move_range(void *from, void *to, size_t bytes)
{
	if (!moves_are_whole())
		return MOVE_FAILED;
	return os_remap(from, to, bytes) ? MOVE_DONE : move_undo(from, to, bytes);
}
