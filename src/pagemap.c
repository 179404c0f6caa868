/*
 * pagemap - address to owner: one subtraction, one shift, one load.
 *
 * Holds:  an entry of 32 bytes for each heap page of the process's Page A.
 * Always: every address below base + bytes has an entry that may be read.
 * Locks:  none of its own; it grows under the heap's.
 */
#include "pagemap.h"

struct pagemap pagemap;

static struct os_window window;

static size_t entry_bytes(size_t bytes)
{
	size_t entries = (bytes + HEAP_PAGE_BYTES - 1) >> HEAP_PAGE_SHIFT;

	return os_whole_pages(entries * sizeof(struct pagemap_entry));
}

bool pagemap_boot(uintptr_t base, size_t size_max)
{
	if (!os_window_open(&window, entry_bytes(size_max), os_page_bytes))
		return false;
	pagemap.base = base;
	pagemap.entries = (struct pagemap_entry *)window.base;
	return true;
}

bool pagemap_extend(size_t bytes)
{
	size_t need = entry_bytes(bytes);

	if (need > window.claimed && os_window_claim(&window, need - window.claimed) != OS_CLAIMED)
		return false;
	__atomic_store_n(&pagemap.bytes, bytes, __ATOMIC_RELEASE);
	return true;
}
