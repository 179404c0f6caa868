/* Windows, purging, moving and guards.
 * links: os machine clock report */
#include "os.h"
#include "child.h"
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE os_page_bytes

static bool reads_zero(const char *ptr, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (ptr[i] != 0)
			return false;
	return true;
}

static void windows(void)
{
	struct os_window window, other;
	size_t size = (size_t)1 << 32;

	REQUIRE(os_window_open(&window, size, PAGE));
	REQUIRE(os_window_open(&other, size, PAGE));
	REQUIRE(window.base % PAGE == 0);
	REQUIRE(window.claimed == PAGE);
	REQUIRE(window.size == size || window.reserved);
	REQUIRE(other.base >= window.base + window.size || window.base >= other.base + other.size);
	/* What runs out of the one does not run into the other. */
	REQUIRE(window.reserved || other.base >= window.base + size + ((size_t)1 << 30));
	char *start = (char *)window.base;
	REQUIRE(reads_zero(start, PAGE));
	REQUIRE(faults(start + PAGE));
	REQUIRE(faults(start - 1));
	fill(start, PAGE, 1);
	for (size_t pages = 1; pages <= 64; pages *= 2) {
		size_t claimed = window.claimed;
		REQUIRE(os_window_claim(&window, pages * PAGE) == OS_CLAIMED);
		REQUIRE(window.claimed == claimed + pages * PAGE);
		REQUIRE(reads_zero(start + claimed, pages * PAGE));
		fill(start + claimed, pages * PAGE, (unsigned)pages);
		REQUIRE(faults(start + window.claimed));
	}
	REQUIRE(filled(start, PAGE, 1));
	/* More than there is: refused, and nothing has changed. */
	struct os_window before = window;
	REQUIRE(os_window_claim(&window, window.size) == OS_CLAIM_REFUSED);
	REQUIRE(errno == ENOMEM);
	REQUIRE(os_window_claim(&window, SIZE_MAX & -PAGE) == OS_CLAIM_REFUSED);
	REQUIRE(memcmp(&before, &window, sizeof window) == 0);
}

/* Somebody maps in the way: told, and stepped over. */
static void taken(void)
{
	struct os_window window;

	REQUIRE(os_window_open(&window, (size_t)1 << 32, PAGE));
	if (window.reserved) {
		REQUIRE(!os_window_skip(&window, PAGE));
		return;
	}
	char *there = (char *)window.base + 4 * PAGE;
	REQUIRE(mmap(there, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	             -1, 0) == there);
	memset(there, 'x', PAGE);
	REQUIRE(os_window_claim(&window, 3 * PAGE) == OS_CLAIMED);
	REQUIRE(os_window_claim(&window, 4 * PAGE) == OS_CLAIM_TAKEN);
	REQUIRE(window.claimed == 4 * PAGE);
	REQUIRE(there[0] == 'x');
	REQUIRE(there[PAGE - 1] == 'x');
	REQUIRE(os_window_skip(&window, PAGE));
	REQUIRE(os_window_claim(&window, 4 * PAGE) == OS_CLAIMED);
	REQUIRE(there[0] == 'x');
	REQUIRE(there[PAGE] == 0);
	REQUIRE(!os_window_skip(&window, window.size));
	REQUIRE(window.claimed == 9 * PAGE);
}

static void pages(void)
{
	char *start = os_map(8 * PAGE);

	REQUIRE(start);
	REQUIRE(reads_zero(start, 8 * PAGE));
	fill(start, 8 * PAGE, 3);
	REQUIRE(os_purge(start + PAGE, 2 * PAGE));
	REQUIRE(filled(start, PAGE, 3));
	REQUIRE(reads_zero(start + PAGE, 2 * PAGE));
	REQUIRE(os_guard(start + 4 * PAGE, PAGE));
	REQUIRE(faults(start + 4 * PAGE));
	REQUIRE(faults(start + 5 * PAGE - 1));
	REQUIRE(!faults(start + 5 * PAGE));
	REQUIRE(!faults(start + 4 * PAGE - 1));
	os_unmap(start, 8 * PAGE);
	REQUIRE(faults(start));
	REQUIRE(os_map(SIZE_MAX & -PAGE) == NULL);
	REQUIRE(errno == ENOMEM);
}

/* Where the middle of the address space is taken, the system chooses; and where it has less room than was
 * asked for, a smaller window does. What was not claimed cannot be touched. */
static void crowded(void *arg)
{
	struct os_window window;
	const size_t tib = (size_t)1 << 40, gib = (size_t)1 << 30;
	void *middle = (void *)(32 * tib);

	(void)arg;
	REQUIRE(mmap(middle, 46 * tib, PROT_NONE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
	             0) == middle);
	REQUIRE(os_window_open(&window, gib, PAGE));
	REQUIRE(window.reserved);
	char *start = (char *)window.base;
	REQUIRE(!faults(start));
	REQUIRE(faults(start + window.claimed));
	REQUIRE(faults(start + window.size - 1));
	REQUIRE(os_window_claim(&window, 3 * PAGE) == OS_CLAIMED);
	REQUIRE(!faults(start + window.claimed - 1));
	REQUIRE(faults(start + window.claimed));
	struct rlimit limit = {.rlim_cur = 46 * tib + 4 * gib, .rlim_max = 46 * tib + 4 * gib};
	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	REQUIRE(os_window_open(&window, 64 * gib, PAGE));
	REQUIRE(window.size >= gib / 2);
	REQUIRE(window.size < 4 * gib);
}

int main(void)
{
	os_boot();
	REQUIRE(os_page_bytes == (size_t)sysconf(_SC_PAGESIZE));
	REQUIRE((size_t)1 << os_page_shift == os_page_bytes);
	REQUIRE(os_page_bytes <= HEAP_PAGE_BYTES);
	uint64_t calls = os_calls;
	if (child_run(crowded, NULL) != 0) {
		fputs(child_said, stderr);
		return 1;
	}
	windows();
	REQUIRE(os_calls > calls);
	taken();
	pages();
	return 0;
}
