/* The figures of the process, against what a known sequence of calls must come to.
 * links: introspect misuse slack backtrace guarded guards hardened makers quarantine inspect resize alloc boot background objects bootstrap misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge move touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "introspect.h"
#include "alloc.h"
#include "boot.h"
#include "heap.h"
#include "test.h"

static struct introspect_totals now, before;

static void count(void)
{
	before = now;
	introspect_count(&now);
	size_t slots = 0;
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &now.classes[class];
		REQUIRE(seen->live + seen->cached + seen->free ==
		        seen->slabs * sizeclasses[class].slots);
		slots += seen->live;
	}
	REQUIRE(slots == now.live_slots);
	REQUIRE(now.page_a_bytes ==
	        now.slab_bytes + now.block_bytes + now.free_cell_bytes + now.withheld_bytes);
	REQUIRE(now.page_a_bytes == (size_t)heap_process->granules << HEAP_PAGE_SHIFT);
}

int main(void)
{
	enum { COUNT = 300 };
	void *blocks[COUNT];

	boot_start();
	count();
	REQUIRE(now.live_slots == 0);
	for (int i = 0; i < COUNT; i++)
		blocks[i] = alloc_new(100);
	count();
	REQUIRE(now.live_slots == COUNT);
	REQUIRE(now.live_slot_bytes == COUNT * 112);
	REQUIRE(now.classes[sizeclass_of(100)].live == COUNT);
	for (int i = 0; i < 100; i++)
		alloc_free(blocks[i]);
	count();
	REQUIRE(now.live_slots == COUNT - 100);
	REQUIRE(now.cached_slots + now.free_slots == before.cached_slots + before.free_slots + 100);
	void *large = alloc_new(100000);
	count();
	REQUIRE(now.blocks == 1);
	REQUIRE(now.block_bytes == 131072);
	struct mallinfo2 info = introspect_mallinfo();
	REQUIRE(info.hblks == 1);
	REQUIRE(info.hblkhd == 131072);
	REQUIRE(info.uordblks == now.live_slot_bytes + now.bootstrap_live_bytes);
	REQUIRE(info.arena == info.uordblks + info.fordblks);
	alloc_free(large);
	for (int i = 100; i < COUNT; i++)
		alloc_free(blocks[i]);
	alloc_trim();
	count();
	REQUIRE(now.live_slots == 0);
	REQUIRE(now.cached_slots == 0);
	REQUIRE(now.slab_bytes == 0);
	REQUIRE(now.free_cells == 1);
	REQUIRE(now.arenas == 1);
	REQUIRE(now.tcaches == 1);
	return 0;
}
