/* Memory that the system does not take back: it stays counted as used, and is cleared by hand where it must be
 * zero.
 * links: heap purge process look huge touch bins cells page_b pool array pagemap limit lock os machine clock options report */
#include "clock.h"
#include "heap.h"
#include "os.h"
#include "page_b.h"
#include "test.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define BYTES ((size_t)8 << 20) /* enough to be zeroed by giving it back */

static bool refuse;
static unsigned refused;

int madvise(void *start, size_t bytes, int advice)
{
	if (!refuse)
		return (int)syscall(SYS_madvise, start, bytes, advice);
	refused++;
	errno = EPERM;
	return -1;
}

static bool is_zero(const char *start)
{
	for (size_t i = 0; i < BYTES; i++)
		if (start[i] != 0)
			return false;
	return true;
}

/* Returns: a block that held something else before. */
static char *used_again(void)
{
	char *first = heap_take(heap_process, BYTES, 1, HEAP_BLOCK);

	REQUIRE(first != NULL);
	memset(first, 1, BYTES);
	REQUIRE(heap_give(heap_process, first, HEAP_BLOCK, HEAP_DIRTY) == BYTES);
	char *again = heap_take(heap_process, BYTES, 1, HEAP_BLOCK);
	REQUIRE(again == first);
	REQUIRE(!heap_is_zero(heap_process, again, BYTES));
	return again;
}

static void zeroes(bool refuses)
{
	char *block = used_again();

	refuse = refuses;
	heap_zero(heap_process, block, BYTES);
	refuse = false;
	REQUIRE(is_zero(block));
	heap_give(heap_process, block, HEAP_BLOCK, HEAP_DIRTY);
}

static void purges(void)
{
	uint32_t now = clock_ms();

	refuse = true;
	REQUIRE(heap_purge(heap_process, now, 0) == 0);
	refuse = false;
	REQUIRE(heap_ok(heap_process));
	size_t before = heap_committed_bytes();
	REQUIRE(heap_purge(heap_process, now, 0) >= BYTES);
	REQUIRE(heap_committed_bytes() <= before - BYTES);
	REQUIRE(heap_ok(heap_process));
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(heap_boot());
	zeroes(false);
	REQUIRE(refused == 0);
	zeroes(true);
	REQUIRE(refused == 1);
	purges();
	REQUIRE(refused > 1);
	return 0;
}
