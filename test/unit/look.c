/* A live block is found, whatever becomes of the cell that was found last while its record is read: another thread's free
 * and allocations come in at each instruction in turn.
 * links: heap purge process look huge touch bins cells page_b pool array pagemap limit lock os machine clock options report */
#include "look.h"
#include "heap.h"
#include "page_b.h"
#include "process.h"

#include <signal.h>

#ifndef __x86_64__
int main(void)
{
	puts("steps through code as x86-64 does");
	return 0;
}
#else
#include "stepping.h"

enum { PAGE = HEAP_PAGE_BYTES, LARGE = 8 * PAGE };

/*
 *     before   | free: two pages | live | free | large     |
 *     after    | small | small   | live | free             |     the second small one has the record that large had
 */
static char *two_pages, *live, *free_page, *large;
static volatile unsigned steps, wanted;
static volatile bool came;

static char *take(size_t bytes)
{
	char *ptr = heap_take(heap_process, bytes, 1, HEAP_BLOCK);

	REQUIRE(ptr != NULL);
	return ptr;
}

static void give(char *ptr)
{
	REQUIRE(heap_give(heap_process, ptr, HEAP_BLOCK, HEAP_DIRTY) != 0);
}

static void before(void)
{
	char *second;

	two_pages = take(PAGE);
	second = take(PAGE);
	live = take(PAGE);
	free_page = take(PAGE);
	large = take(LARGE);
	REQUIRE(second == two_pages + PAGE && live == second + PAGE && large == live + 2 * PAGE);
	give(two_pages);
	give(second);
	give(free_page);
}

static void between(void)
{
	give(large);
	REQUIRE(take(PAGE) == two_pages);
	REQUIRE(take(PAGE) == two_pages + PAGE);
}

static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	if (stepping && steps++ == wanted) {
		between();
		came = true;
		stepping = false;
	}
	if (!stepping)
		stepping_end(context);
}

/* Returns: whether the other thread came in. */
static bool find_with_change_at(unsigned at)
{
	struct heap_view view;
	bool freed;

	before();
	REQUIRE(heap_find_unlocked(heap_process, large + PAGE, &view, &freed));
	REQUIRE(view.start == large && view.bytes == LARGE);
	steps = 0;
	came = false;
	wanted = at;
	step(true);
	bool found = heap_find_unlocked(heap_process, live + 100, &view, &freed);
	step(false);
	REQUIRE(found && view.start == live && view.bytes == PAGE && view.kind == HEAP_BLOCK);
	REQUIRE(!freed);
	if (!came)
		between();
	give(two_pages);
	give(two_pages + PAGE);
	give(live);
	return came;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	unsigned at = 0;

	os_boot();
	REQUIRE(page_b_boot() && heap_boot());
	REQUIRE(sigaction(SIGTRAP, &action, NULL) == 0);
	while (find_with_change_at(at))
		at++;
	REQUIRE(at > 30);
	return 0;
}

#endif
