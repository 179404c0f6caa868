/* What the system refuses to unmap, to move or to change: it is tried again, and told.
 * links: os report */
#include "child.h"
#include "os.h"
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static bool refuse_unmap, refuse_map, refuse_change, lose_target;

int munmap(void *start, size_t bytes)
{
	if (!refuse_unmap)
		return (int)syscall(SYS_munmap, start, bytes);
	errno = ENOMEM;
	return -1;
}

void *mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset)
{
	if (!refuse_map)
		return (void *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

int mprotect(void *start, size_t bytes, int protection)
{
	if (!refuse_change)
		return (int)syscall(SYS_mprotect, start, bytes, protection);
	errno = ENOMEM;
	return -1;
}

int madvise(void *start, size_t bytes, int advice)
{
	if (!refuse_change)
		return (int)syscall(SYS_madvise, start, bytes, advice);
	errno = EPERM;
	return -1;
}

/* Fails as the kernel may: after it has unmapped the target. */
void *mremap(void *start, size_t bytes, size_t bytes_wanted, int flags, ...)
{
	va_list more;

	va_start(more, flags);
	void *target = va_arg(more, void *);
	va_end(more);
	if (!lose_target)
		return (void *)syscall(SYS_mremap, start, bytes, bytes_wanted, flags, target);
	syscall(SYS_munmap, target, bytes_wanted);
	errno = ENOMEM;
	return MAP_FAILED;
}

static void leftovers(void)
{
	size_t bytes = 16 * os_page_bytes;
	char *start = os_map(bytes), *other = os_map(bytes);

	REQUIRE(start != NULL);
	REQUIRE(other != NULL);
	fill(start, bytes, 1);
	refuse_unmap = true;
	os_unmap(start, bytes);
	refuse_unmap = false;
	/* Its memory is gone, its addresses are when there is a next time. */
	REQUIRE(start[0] == 0);
	REQUIRE(start[bytes - 1] == 0);
	os_unmap(other, bytes);
	REQUIRE(faults(other));
	REQUIRE(faults(start));
}

static void moves(void)
{
	size_t bytes = 16 * os_page_bytes;
	char *from = os_map(bytes), *to = os_map(bytes);

	fill(from, bytes, 1);
	lose_target = true;
	REQUIRE(os_move(from, to, bytes) == OS_MOVE_FAILED);
	REQUIRE(filled(from, bytes, 1));
	to[0] = to[bytes - 1] = 1; /* it is there again */
	refuse_map = true;
	REQUIRE(os_move(from, to, bytes) == OS_MOVE_LOST);
	refuse_map = false;
	REQUIRE(filled(from, bytes, 1));
	REQUIRE(faults(to));
}

static void changes(void)
{
	size_t bytes = 4 * os_page_bytes;
	char *start = os_map(bytes);

	fill(start, bytes, 1);
	refuse_change = true;
	REQUIRE(!os_guard(start, bytes));
	REQUIRE(!os_unguard(start, bytes));
	REQUIRE(!os_purge(start, bytes));
	refuse_change = false;
	REQUIRE(filled(start, bytes, 1));
	REQUIRE(os_guard(start, bytes));
	REQUIRE(os_unguard(start, bytes));
	REQUIRE(os_purge(start, bytes));
	REQUIRE(start[1] == 0);
}

int main(void)
{
	os_boot();
	leftovers();
	moves();
	changes();
	return 0;
}
