/*
 * page_b - the records of Page B, and the header that names all of it.
 *
 *     given back:  | 1 unit  -> record -> record        what comes next of a size is the last that was given back
 *                  | 2 units -> record
 *
 * Holds:  lists of records that were just given back, by size; the pool has them as taken.
 * Always: a record handed out is zero, and was just given back, or is the first place in the pool that fits.
 * Locks:  page_b.lock (rank PAGE_B), the last of all; it guards the pool, too.
 */
#include "page_b.h"
#include "lock.h"
#include "pool.h"
#include "report.h"

#include <string.h>

EXPORT struct page_b_header halloc_page_b = {
        .magic = {PAGE_B_MAGIC_BYTES},
        .version = PAGE_B_VERSION,
        .header_bytes = sizeof(struct page_b_header),
        .system_calls = &os_calls,
};

_Static_assert(PAGE_B_ALIGN == POOL_UNIT_BYTES &&
                       PAGE_B_RECORD_BYTES_MAX == POOL_UNITS_MAX * POOL_UNIT_BYTES,
               "a record is a run of the pool");

struct free_record {
	struct free_record *next;
};

static struct {
	struct lock lock;
	size_t given_bytes;
	size_t used_bytes;
	struct free_record *given[POOL_UNITS_MAX + 1];
} page_b;

bool page_b_boot(void)
{
	lock_init(&page_b.lock, LOCK_RANK_PAGE_B);
	halloc_page_b.os_page_bytes = os_page_bytes;
	return pool_open();
}

/* --- Records ------------------------------------------------------------------------------------ */

static size_t units_of(size_t size)
{
	return size == 0 ? 1 : (size + PAGE_B_ALIGN - 1) / PAGE_B_ALIGN;
}

static void counters_update(void)
{
	__atomic_store_n(&halloc_page_b.record_bytes_claimed, pool_claimed_bytes(),
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&halloc_page_b.record_bytes_used, page_b.used_bytes, __ATOMIC_RELAXED);
}

/* Enters in the map what was given back. Returns: whether there was anything. */
runs_later static bool given_settle(void)
{
	bool any = page_b.given_bytes != 0;

	for (size_t units = 1; units <= POOL_UNITS_MAX && any; units++) {
		for (struct free_record *record = page_b.given[units], *next; record != NULL;
		     record = next) {
			next = record->next;
			pool_give(record, units);
		}
		page_b.given[units] = NULL;
	}
	page_b.given_bytes = 0;
	return any;
}

/* Before the pool grows, what was given back is merged. */
static void *record_cut(size_t units)
{
	void *record = pool_take(units, false);

	if (record == NULL && given_settle())
		record = pool_take(units, false);
	return record != NULL ? record : pool_take(units, true);
}

static void *record_take(size_t units)
{
	struct free_record *record = page_b.given[units];

	if (record != NULL) {
		page_b.given[units] = record->next;
		page_b.given_bytes -= units * PAGE_B_ALIGN;
		memset(record, 0, units * PAGE_B_ALIGN);
	} else {
		record = record_cut(units);
	}
	if (record != NULL)
		page_b.used_bytes += units * PAGE_B_ALIGN;
	return record;
}

static void record_give(void *at, size_t units)
{
	struct free_record *record = at;

	record->next = page_b.given[units];
	page_b.given[units] = record;
	page_b.given_bytes += units * PAGE_B_ALIGN;
	page_b.used_bytes -= units * PAGE_B_ALIGN;
}

runs_seldom void page_b_reserve(size_t bytes)
{
	lock_acquire(&page_b.lock);
	pool_reserve(bytes);
	counters_update();
	lock_release(&page_b.lock);
}

void *page_b_record_new(size_t size)
{
	expect(size <= PAGE_B_RECORD_BYTES_MAX);
	lock_acquire(&page_b.lock);
	void *record = record_take(units_of(size));
	counters_update();
	lock_release(&page_b.lock);
	return record;
}

void page_b_records_free(const struct page_b_record *records, unsigned count)
{
	if (count == 0)
		return;
	lock_acquire(&page_b.lock);
	for (unsigned i = 0; i < count; i++)
		record_give(records[i].at, units_of(records[i].bytes));
	counters_update();
	lock_release(&page_b.lock);
}

void page_b_record_free(void *record, size_t size)
{
	page_b_records_free(&(struct page_b_record){record, size}, 1);
}

runs_later size_t page_b_purge(uint32_t now_ms, uint32_t age_ms)
{
	lock_acquire(&page_b.lock);
	given_settle();
	size_t purged = pool_purge(now_ms, age_ms);
	lock_release(&page_b.lock);
	return purged;
}

runs_seldom bool page_b_ok(void)
{
	lock_acquire(&page_b.lock);
	bool ok = pool_ok((page_b.used_bytes + page_b.given_bytes) / PAGE_B_ALIGN);
	lock_release(&page_b.lock);
	return ok;
}
