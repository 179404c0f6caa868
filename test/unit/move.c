/* Pages move whole, or not at all, however the system refuses.
 * links: move os machine clock report */
#include "move.h"
#include "child.h"
#include "os.h"
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static bool refuse_map, lose_target, ignore_purge;
static size_t part_moved; /* before it is refused, and the next part lost, as since Linux 6.17 */

void *mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset)
{
	if (!refuse_map)
		return (void *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

int madvise(void *start, size_t bytes, int advice)
{
	if (ignore_purge && advice == MADV_DONTNEED)
		return 0;
	return (int)syscall(SYS_madvise, start, bytes, advice);
}

/* Fails as the kernel may: after it has unmapped the target, or has moved and unmapped a part. */
void *mremap(void *start, size_t bytes, size_t bytes_wanted, int flags, ...)
{
	va_list more;

	va_start(more, flags);
	void *target = va_arg(more, void *);
	va_end(more);
	if (!lose_target)
		return (void *)syscall(SYS_mremap, start, bytes, bytes_wanted, flags, target);
	if (part_moved != 0) {
		syscall(SYS_mremap, start, part_moved, part_moved, flags, target);
		target = (char *)target + part_moved;
		bytes_wanted = part_moved;
	}
	syscall(SYS_munmap, target, bytes_wanted);
	errno = ENOMEM;
	return MAP_FAILED;
}

static bool reads_zero(const char *start, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += os_page_bytes)
		if (!os_page_is_zero(start + at))
			return false;
	return true;
}

/* An emulator takes no more care of a place that pages were moved from: so none are. */
static void moves_emulated(void *arg)
{
	size_t bytes = 16 * os_page_bytes;
	char *from = os_map(bytes), *to = os_map(bytes);

	(void)arg;
	ignore_purge = true;
	fill(from, bytes, 1);
	REQUIRE(move_range(from, to, bytes) == MOVE_FAILED);
	REQUIRE(filled(from, bytes, 1));
	REQUIRE(to[0] == 0);
	REQUIRE(move_range(from, to, bytes) == MOVE_FAILED);
}

/* As above, in part: what was moved is back where it was, whether or not what was lost behind it can be had again. */
static void moves_in_part(void)
{
	size_t page = os_page_bytes, bytes = 16 * page;
	char *from = os_map(bytes), *to = os_map(bytes);

	for (unsigned pages = 1; pages <= 8; pages++) {
		part_moved = pages * page;
		fill(from, bytes, pages);
		REQUIRE(move_range(from, to, bytes) == MOVE_FAILED);
		REQUIRE(filled(from, bytes, pages));
		REQUIRE(reads_zero(to, bytes));
		refuse_map = true;
		REQUIRE(move_range(from, to, bytes) == MOVE_LOST);
		refuse_map = false;
		REQUIRE(filled(from, bytes, pages));
		REQUIRE(faults(to + part_moved));
		os_unmap(to, bytes);
		to = os_map(bytes);
	}
}

/* As the kernel may fail: the target is gone, as a whole. */
static void moves(void)
{
	size_t page = os_page_bytes, bytes = 16 * page;
	char *from = os_map(bytes), *around = os_map(bytes + 2 * page), *to = around + page;

	fill(around, page, 2);
	fill(to + bytes, page, 3);
	fill(from, bytes, 1);
	if (move_range(from, to, bytes) != MOVE_DONE) {
		REQUIRE(filled(from, bytes, 1));
		return; /* not before Linux 5.7 */
	}
	REQUIRE(filled(to, bytes, 1));
	REQUIRE(reads_zero(from, bytes));
	REQUIRE(filled(around, page, 2) && filled(to + bytes, page, 3));
	fill(from, bytes, 1);
	REQUIRE(os_purge(to, bytes));
	lose_target = true;
	REQUIRE(move_range(from, to, bytes) == MOVE_FAILED);
	REQUIRE(filled(from, bytes, 1));
	to[0] = to[bytes - 1] = 1; /* it is there again */
	REQUIRE(os_purge(to, bytes));
	refuse_map = true;
	REQUIRE(move_range(from, to, bytes) == MOVE_LOST);
	refuse_map = false;
	REQUIRE(filled(from, bytes, 1));
	REQUIRE(faults(to));
	moves_in_part();
}

int main(void)
{
	os_boot();
	REQUIRE(child_run(moves_emulated, NULL) == 0);
	moves();
	return 0;
}
