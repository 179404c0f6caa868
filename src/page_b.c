/*
 * page_b - the memory of Page B.
 *
 *     common pool:  | record | record | free record --> ... | never used | unmapped ...
 *
 * Holds:  the common pool, with a list of free records for each size; windows of the arrays.
 * Always: a record handed out is zero; a free record links only to free records of its size.
 * Locks:  page_b.lock (rank PAGE_B), the last of all.
 */
#include "page_b.h"
#include "lock.h"
#include "report.h"

#include <string.h>

struct page_b_header halloc_page_b __attribute__((visibility("default"))) = {
        .magic = PAGE_B_MAGIC,
        .version = PAGE_B_VERSION,
        .header_bytes = sizeof(struct page_b_header),
        .system_calls = &os_calls,
};

#define POOL_BYTES_MAX    ((size_t)512 << 30)
#define POOL_CLAIM_BYTES  ((size_t)64 << 10)
#define ARRAY_CLAIM_BYTES ((size_t)64 << 10)
#define SIZES             (PAGE_B_RECORD_BYTES_MAX / PAGE_B_ALIGN)

struct free_record {
	struct free_record *next;
};

static struct {
	struct lock lock;
	struct os_window window;
	size_t used;       /* bytes of the window that were ever handed out */
	size_t free_bytes; /* of them, in free records */
	struct free_record *free[SIZES + 1];
} page_b;

/* How much to claim for a window that needs more: an eighth of what it has, so that the number of
 * system calls grows only with the logarithm of the size. */
static size_t claim_bytes(const struct os_window *window, size_t need, size_t smallest)
{
	size_t bytes = window->claimed / 8;

	if (bytes < smallest)
		bytes = smallest;
	if (bytes < need)
		bytes = need;
	if (bytes > window->size - window->claimed)
		bytes = window->size - window->claimed;
	return (bytes + os_page_bytes - 1) & -os_page_bytes;
}

/* Claims at least need bytes more; where the system is short, exactly what is needed. */
static bool window_extend(struct os_window *window, size_t need, size_t smallest)
{
	size_t exact = (need + os_page_bytes - 1) & -os_page_bytes;

	if (exact > window->size - window->claimed)
		return false;
	return os_window_claim(window, claim_bytes(window, need, smallest)) == OS_CLAIMED ||
	       os_window_claim(window, exact) == OS_CLAIMED;
}

bool page_b_boot(void)
{
	lock_init(&page_b.lock, LOCK_RANK_PAGE_B);
	halloc_page_b.os_page_bytes = os_page_bytes;
	halloc_page_b.start_ms = os_clock_ms();
	return os_window_open(&page_b.window, POOL_BYTES_MAX, POOL_CLAIM_BYTES);
}

static size_t record_bytes(size_t size)
{
	return (size + PAGE_B_ALIGN - 1) & -PAGE_B_ALIGN;
}

static void counters_update(void)
{
	__atomic_store_n(&halloc_page_b.record_bytes_claimed, page_b.window.claimed,
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&halloc_page_b.record_bytes_used, page_b.used - page_b.free_bytes,
	                 __ATOMIC_RELAXED);
}

/* Cuts a record out of a larger free one: where the system gives no more. */
static void *record_cut(size_t bytes)
{
	for (size_t size = bytes + PAGE_B_ALIGN; size <= PAGE_B_RECORD_BYTES_MAX;
	     size += PAGE_B_ALIGN) {
		struct free_record *whole = page_b.free[size / PAGE_B_ALIGN];
		if (whole == NULL)
			continue;
		page_b.free[size / PAGE_B_ALIGN] = whole->next;
		struct free_record *rest = (void *)((char *)whole + bytes);
		rest->next = page_b.free[(size - bytes) / PAGE_B_ALIGN];
		page_b.free[(size - bytes) / PAGE_B_ALIGN] = rest;
		page_b.free_bytes -= bytes;
		return memset(whole, 0, bytes);
	}
	return NULL;
}

static void *record_take(size_t bytes)
{
	struct free_record **list = &page_b.free[bytes / PAGE_B_ALIGN];
	struct free_record *record = *list;

	if (record != NULL) {
		*list = record->next;
		page_b.free_bytes -= bytes;
		memset(record, 0, bytes);
		return record;
	}
	size_t room = page_b.window.claimed - page_b.used;
	if (room < bytes && !window_extend(&page_b.window, bytes - room, POOL_CLAIM_BYTES))
		return record_cut(bytes);
	page_b.used += bytes;
	return (void *)(page_b.window.base + page_b.used - bytes);
}

void page_b_reserve(size_t bytes)
{
	lock_acquire(&page_b.lock);
	if (bytes > page_b.window.claimed)
		window_extend(&page_b.window, bytes - page_b.window.claimed, 0);
	counters_update();
	lock_release(&page_b.lock);
}

void *page_b_record_new(size_t size)
{
	expect(size <= PAGE_B_RECORD_BYTES_MAX);
	lock_acquire(&page_b.lock);
	void *record = record_take(record_bytes(size));
	counters_update();
	lock_release(&page_b.lock);
	return record;
}

void page_b_record_free(void *record, size_t size)
{
	struct free_record *freed = record;
	size_t bytes = record_bytes(size);

	lock_acquire(&page_b.lock);
	freed->next = page_b.free[bytes / PAGE_B_ALIGN];
	page_b.free[bytes / PAGE_B_ALIGN] = freed;
	page_b.free_bytes += bytes;
	counters_update();
	lock_release(&page_b.lock);
}

bool page_b_array_open(struct page_b_array *array, size_t size, size_t records_max)
{
	size_t bytes = (size * records_max + os_page_bytes - 1) & -os_page_bytes;

	array->record_bytes = size;
	return os_window_open(&array->window, bytes, os_page_bytes);
}

bool page_b_array_extend(struct page_b_array *array, size_t records)
{
	size_t bytes = records * array->record_bytes;

	return bytes <= array->window.claimed ||
	       window_extend(&array->window, bytes - array->window.claimed, ARRAY_CLAIM_BYTES);
}

bool page_b_ok(void)
{
	size_t bytes = 0;
	bool ok = true;

	lock_acquire(&page_b.lock);
	for (size_t size = 1; size <= SIZES; size++) {
		for (struct free_record *r = page_b.free[size]; r != NULL; r = r->next) {
			uintptr_t offset = (uintptr_t)r - page_b.window.base;
			ok = ok && offset < page_b.used && offset % PAGE_B_ALIGN == 0;
			bytes += size * PAGE_B_ALIGN;
		}
	}
	ok = ok && bytes == page_b.free_bytes && page_b.used <= page_b.window.claimed;
	lock_release(&page_b.lock);
	return ok;
}
