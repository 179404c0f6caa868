/* What the system refuses to unmap or to change: it is tried again, and told.
 * links: os machine clock report */
#include "child.h"
#include "os.h"
#include <sys/mman.h>
#include <sys/syscall.h>

static bool refuse_unmap, refuse_map, refuse_place, refuse_change;
static bool is_old;  /* a kernel before 4.17, to which MAP_FIXED_NOREPLACE means nothing */
static char *mapped; /* the last time */
static char *unmapped;
static int refusal = EPERM; /* of madvise */
static int mappings;        /* made, and not unmapped */

int munmap(void *start, size_t bytes)
{
	if (!refuse_unmap) {
		unmapped = start;
		mappings--;
		return (int)syscall(SYS_munmap, start, bytes);
	}
	errno = ENOMEM;
	return -1;
}

void *mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset)
{
	if (is_old)
		flags &= ~MAP_FIXED_NOREPLACE;
	if (refuse_map || (refuse_place && start != NULL)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	mapped = (char *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
	mappings += mapped != MAP_FAILED;
	return mapped;
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
	errno = refusal;
	return -1;
}

/* What lies in the way of a window is told from what is refused, and an old kernel's answer does not stay. */
static void in_the_way(void)
{
	struct os_window window;
	size_t page = os_page_bytes;

	for (int old = 0; old < 2; old++) {
		is_old = old != 0;
		REQUIRE(os_window_open(&window, (size_t)1 << 32, page));
		REQUIRE(!window.reserved);
		char *there = (char *)window.base + page;
		REQUIRE(mmap(there, page, PROT_READ | PROT_WRITE,
		             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == there);
		fill(there, page, 1);
		REQUIRE(os_window_claim(&window, page) == OS_CLAIM_TAKEN);
		REQUIRE(filled(there, page, 1));
		REQUIRE(!is_old || (mapped != there && faults(mapped)));
		refuse_map = true;
		REQUIRE(os_window_claim(&window, page) == OS_CLAIM_REFUSED);
		refuse_map = false;
	}
	is_old = false;
}

/* Where no place can be chosen, a window lies where the system puts it; if it cannot be opened there, nothing stays. */
static void put_anywhere(void)
{
	struct os_window window;

	refuse_place = true;
	REQUIRE(os_window_open(&window, (size_t)1 << 32, os_page_bytes));
	REQUIRE(window.reserved);
	fill((char *)window.base, os_page_bytes, 1);
	refuse_change = true;
	int before = mappings;
	REQUIRE(!os_window_open(&window, (size_t)1 << 32, os_page_bytes));
	REQUIRE(mappings == before);
	refuse_change = refuse_place = false;
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

	start = os_map(bytes);
	refuse_unmap = true;
	os_unmap(start, bytes);
	refuse_unmap = false;
	unmapped = NULL;
	REQUIRE(os_map(bytes) != NULL);
	REQUIRE(unmapped == start);
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
	errno = 77;
	os_populate(start, bytes); /* a hint */
	REQUIRE(errno == 77);
	uint64_t calls = os_calls;
	os_populate(start, bytes); /* refused, not unknown */
	REQUIRE(os_calls == calls + 1);
	refuse_change = false;
	REQUIRE(filled(start, bytes, 1));
	REQUIRE(os_guard(start, bytes));
	REQUIRE(os_unguard(start, bytes));
	REQUIRE(os_purge(start, bytes));
	REQUIRE(start[1] == 0);
}

/* A system that does not know how to make pages is asked once. */
static void unknown(void *arg)
{
	uint64_t calls = os_calls;
	char *start = os_map(os_page_bytes);

	(void)arg;
	refuse_change = true;
	refusal = EINVAL;
	for (int i = 0; i < 3; i++)
		os_populate(start, os_page_bytes);
	REQUIRE(os_calls == calls + 2); /* with that of os_map */
}

int main(void)
{
	os_boot();
	REQUIRE(child_run(unknown, NULL) == 0);
	in_the_way();
	put_anywhere();
	leftovers();
	changes();
	return 0;
}
