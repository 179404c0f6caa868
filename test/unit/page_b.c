/* Records of every size, zeroed, aligned, apart; the walker that tells damage.
 * links: page_b pool array os machine clock lock report */
#include "page_b.h"
#include "child.h"
#include "clock.h"

#include <sys/mman.h>

enum { RECORDS = 1000 };

static struct record {
	unsigned char *at;
	size_t size;
} records[RECORDS];

static size_t size_of(uint32_t chance)
{
	return chance % 8 == 0 ? 1 + chance % PAGE_B_RECORD_BYTES_MAX : 1 + chance % 300;
}

static void take(struct record *record, size_t size, unsigned owner)
{
	record->at = page_b_record_new(size);
	record->size = size;
	REQUIRE(record->at);
	REQUIRE((uintptr_t)record->at % PAGE_B_ALIGN == 0);
	for (size_t k = 0; k < size; k++)
		REQUIRE(record->at[k] == 0);
	fill(record->at, size, owner);
}

static void record_churn(void)
{
	uint32_t chance = 7;

	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = next_random(&chance) % RECORDS;
		if (records[i].at == NULL) {
			take(&records[i], size_of(next_random(&chance)), i);
		} else {
			REQUIRE(filled(records[i].at, records[i].size, i));
			page_b_record_free(records[i].at, records[i].size);
			records[i].at = NULL;
		}
		if (step % 16 == 0)
			REQUIRE(page_b_ok());
	}
	for (unsigned i = 0; i < RECORDS; i++) {
		if (records[i].at == NULL)
			continue;
		REQUIRE(filled(records[i].at, records[i].size, i));
		page_b_record_free(records[i].at, records[i].size);
	}
	REQUIRE(page_b_ok());
	REQUIRE(halloc_page_b.record_bytes_used == 0);
}

static void reuse(void)
{
	void *record = page_b_record_new(100);
	size_t claimed = halloc_page_b.record_bytes_claimed;

	REQUIRE(halloc_page_b.record_bytes_used == 128);
	page_b_record_free(record, 100);
	REQUIRE(page_b_record_new(128) == record); /* the same once rounded up */
	page_b_record_free(record, 128);
	for (int i = 0; i < 100000; i++) {
		record = page_b_record_new(500);
		page_b_record_free(record, 500);
	}
	REQUIRE(halloc_page_b.record_bytes_claimed == claimed);
}

static void too_large(void *arg)
{
	(void)arg;
	page_b_record_new(PAGE_B_RECORD_BYTES_MAX + 1);
}

/* A record given back twice, or with another size. */
static void given_wrongly(void *arg)
{
	char *record = page_b_record_new(64);

	page_b_record_free(record, *(size_t *)arg);
	page_b_record_free(record, 64);
	page_b_purge(clock_ms(), 0);
}

static size_t resident_of(const struct record *from, unsigned count)
{
	size_t resident = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned char there = 0;
		void *page = (void *)((uintptr_t)from[i].at & -os_page_bytes);
		REQUIRE(mincore(page, 1, &there) == 0);
		resident += there & 1;
	}
	return resident;
}

/* What no record lies in goes back to the system, when it has been so for long enough; and reads as zero when it
 * is used again. */
static void purges(void)
{
	enum { SIZE = 4000 };

	for (unsigned i = 0; i < RECORDS; i++)
		take(&records[i], SIZE, i);
	size_t claimed = halloc_page_b.record_bytes_claimed;
	for (unsigned i = 0; i < RECORDS; i++)
		if (i % 100 != 0)
			page_b_record_free(records[i].at, SIZE);
	uint32_t now = clock_ms();
	REQUIRE(page_b_purge(now, 100000) == 0);
	REQUIRE(resident_of(records, RECORDS) == RECORDS);
	size_t purged = page_b_purge(now + 110000, 100000);
	REQUIRE(purged >= (size_t)SIZE * (RECORDS - RECORDS / 100 * 3));
	REQUIRE(resident_of(records, RECORDS) <= RECORDS / 100 * 3);
	REQUIRE(page_b_purge(now + 110000, 0) == 0);
	REQUIRE(page_b_ok());
	for (unsigned i = 0; i < RECORDS; i++) {
		if (i % 100 == 0)
			REQUIRE(filled(records[i].at, SIZE, i));
		else
			take(&records[i], SIZE, i);
	}
	REQUIRE(halloc_page_b.record_bytes_claimed == claimed);
	for (unsigned i = 0; i < RECORDS; i++) {
		REQUIRE(filled(records[i].at, SIZE, i));
		page_b_record_free(records[i].at, SIZE);
		records[i].at = NULL;
	}
	REQUIRE(page_b_ok());
}

/* Small records leave room for a large one when they are given back: runs merge. */
static void merges(void)
{
	void *wall;
	size_t claimed;

	for (unsigned i = 0; i < RECORDS; i++)
		take(&records[i], 64, i);
	wall = page_b_record_new(64);
	claimed = halloc_page_b.record_bytes_claimed;
	for (unsigned i = 0; i < RECORDS; i++)
		page_b_record_free(records[i].at, 64);
	page_b_purge(clock_ms(), 100000);
	for (unsigned i = 0; i < RECORDS * 64 / PAGE_B_RECORD_BYTES_MAX; i++) {
		take(&records[i], PAGE_B_RECORD_BYTES_MAX, i);
		REQUIRE((uintptr_t)records[i].at < (uintptr_t)wall);
		REQUIRE(page_b_ok());
	}
	REQUIRE(halloc_page_b.record_bytes_claimed == claimed);
	for (unsigned i = 0; i < RECORDS * 64 / PAGE_B_RECORD_BYTES_MAX; i++) {
		REQUIRE(filled(records[i].at, PAGE_B_RECORD_BYTES_MAX, i));
		page_b_record_free(records[i].at, PAGE_B_RECORD_BYTES_MAX);
		records[i].at = NULL;
	}
	page_b_record_free(wall, 64);
	REQUIRE(page_b_ok());
}

int main(void)
{
	size_t once = 64, larger = 100;

	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(page_b_ok());
	REQUIRE(memcmp(halloc_page_b.magic, PAGE_B_MAGIC, 8) == 0);
	REQUIRE(halloc_page_b.header_bytes == sizeof halloc_page_b);
	reuse();
	record_churn();
	purges();
	merges();
	for (size_t bytes = 1; bytes <= PAGE_B_RECORD_BYTES_MAX; bytes += 97) {
		struct record record;
		take(&record, bytes, 1);
		page_b_record_free(record.at, bytes);
	}
	REQUIRE(child_aborts(too_large, NULL,
	                     "halloc: bug in halloc: size <= PAGE_B_RECORD_BYTES_MAX"));
	REQUIRE(child_aborts(given_wrongly, &once,
	                     "halloc: bug in halloc: (frame->used & bits) == bits"));
	REQUIRE(child_aborts(given_wrongly, &larger,
	                     "halloc: bug in halloc: (frame->used & bits) == bits"));
	return 0;
}
