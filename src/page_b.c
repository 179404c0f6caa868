/*
 * page_b - the memory of Page B.
 *
 *     common pool:  | record | record | free | record | ... | free to the end of what is claimed
 *     frames:       | a bit for each 64 bytes   | ...       one for each 4 KiB of the pool
 *
 * Holds:  the common pool, and a map of it; lists of records that were just given back, by size, which the map has
 *         as used.
 * Always: a record handed out is zero, and was just given back, or is the first place in the pool that fits; a frame
 *         that is not dirty is zero.
 * Locks:  page_b.lock (rank PAGE_B), the last of all.
 */
#include "page_b.h"
#include "array.h"
#include "clock.h"
#include "lock.h"
#include "report.h"

#include <string.h>

EXPORT struct page_b_header halloc_page_b = {
        .magic = PAGE_B_MAGIC,
        .version = PAGE_B_VERSION,
        .header_bytes = sizeof(struct page_b_header),
        .system_calls = &os_calls,
};

#define POOL_BYTES_MAX   ((size_t)512 << 30)
#define POOL_CLAIM_BYTES ((size_t)64 << 10)

/* The pool is dealt out in units; a frame is as many of them as a word has bits. */
#define FRAME_UNITS  64u
#define FRAME_BYTES  (FRAME_UNITS * PAGE_B_ALIGN)
#define RECORD_UNITS (PAGE_B_RECORD_BYTES_MAX / PAGE_B_ALIGN)

struct frame {
	uint64_t used;       /* a bit for each unit */
	uint32_t idle_since; /* ms; 0: in use, or clean */
	bool dirty;          /* records were in it since it came from the system */
};

struct free_record {
	struct free_record *next;
};

/* So many frames are described here: the first of them, so that small programs need no page for the map. */
#define FRAMES_HERE (POOL_CLAIM_BYTES / FRAME_BYTES)

static struct {
	struct lock lock;
	struct os_window window;
	struct array map; /* the other frames, each in its place */
	struct frame frames_here[FRAMES_HERE];
	size_t given_bytes;
	size_t used_bytes;
	size_t idle_frames;              /* dirty, and without a record */
	size_t lowest[RECORD_UNITS + 1]; /* no free run of so many units starts below */
	struct free_record *given[RECORD_UNITS + 1];
} page_b;

bool page_b_boot(void)
{
	lock_init(&page_b.lock, LOCK_RANK_PAGE_B);
	halloc_page_b.os_page_bytes = os_page_bytes;
	return os_window_open(&page_b.window, POOL_BYTES_MAX, POOL_CLAIM_BYTES) &&
	       array_open(&page_b.map, sizeof(struct frame), POOL_BYTES_MAX / FRAME_BYTES);
}

/* --- The map of the pool ------------------------------------------------------------------------ */

static struct frame *frame_at(size_t frame)
{
	if (frame < FRAMES_HERE)
		return &page_b.frames_here[frame];
	return (struct frame *)page_b.map.window.base + frame;
}

/* The pool's units that are mapped. */
static size_t units_claimed(void)
{
	return page_b.window.claimed / PAGE_B_ALIGN;
}

/* The first unit from one on, below end, that is in use, or is not; else end. */
static size_t unit_find(size_t unit, size_t end, bool used)
{
	while (unit < end) {
		uint64_t word = frame_at(unit / FRAME_UNITS)->used;
		word = (used ? word : ~word) >> unit % FRAME_UNITS;
		if (word != 0) {
			unit += (size_t)__builtin_ctzll(word);
			return unit < end ? unit : end;
		}
		unit = (unit / FRAME_UNITS + 1) * FRAME_UNITS;
	}
	return end;
}

/* The start of the free units that end before this one, as far as matters: of more, all is known. */
static size_t run_start(size_t unit)
{
	size_t start = unit;

	while (start > 0 && unit - start < RECORD_UNITS) {
		uint64_t word = frame_at((start - 1) / FRAME_UNITS)->used;
		unsigned bits = (unsigned)((start - 1) % FRAME_UNITS) + 1;
		word <<= FRAME_UNITS - bits;
		if (word != 0)
			return start - (size_t)__builtin_clzll(word);
		start -= bits;
	}
	return start;
}

/* The first free run of units. Returns: its start; where there is none, that of the free rest of the pool, or the
 * pool's end. */
static size_t run_find(size_t units)
{
	size_t end = units_claimed();
	size_t start = unit_find(page_b.lowest[units], end, false);

	while (start < end) {
		size_t most = start + units < end ? start + units : end;
		size_t stop = unit_find(start, most, true);
		if (stop == most)
			break;
		start = unit_find(stop, end, false);
	}
	return start;
}

static void frame_take(struct frame *frame, uint64_t bits, char *bytes, size_t count)
{
	expect((frame->used & bits) == 0);
	if (frame->idle_since != 0) {
		frame->idle_since = 0;
		page_b.idle_frames--;
	}
	if (frame->dirty)
		memset(bytes, 0, count);
	frame->dirty = true;
	frame->used |= bits;
}

static void frame_leave(struct frame *frame, uint64_t bits)
{
	expect((frame->used & bits) == bits);
	frame->used &= ~bits;
	if (frame->used == 0) {
		frame->idle_since = clock_ms() | 1;
		page_b.idle_frames++;
	}
}

/* Marks units as used, and clears them; or as free. */
static void units_mark(size_t unit, size_t units, bool used)
{
	while (units > 0) {
		unsigned first = (unsigned)(unit % FRAME_UNITS);
		size_t count = FRAME_UNITS - first < units ? FRAME_UNITS - first : units;
		uint64_t bits = UINT64_MAX >> (FRAME_UNITS - count) << first;
		struct frame *frame = frame_at(unit / FRAME_UNITS);
		if (used)
			frame_take(frame, bits, (char *)page_b.window.base + unit * PAGE_B_ALIGN,
			           count * PAGE_B_ALIGN);
		else
			frame_leave(frame, bits);
		unit += count;
		units -= count;
	}
}

/* --- Records ------------------------------------------------------------------------------------ */

static size_t units_of(size_t size)
{
	return size == 0 ? 1 : (size + PAGE_B_ALIGN - 1) / PAGE_B_ALIGN;
}

static void counters_update(void)
{
	__atomic_store_n(&halloc_page_b.record_bytes_claimed, page_b.window.claimed,
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&halloc_page_b.record_bytes_used, page_b.used_bytes, __ATOMIC_RELAXED);
}

static bool pool_claim(size_t bytes)
{
	size_t frames = (page_b.window.claimed + bytes) / FRAME_BYTES;

	return array_extend(&page_b.map, frames) &&
	       os_window_claim(&page_b.window, bytes) == OS_CLAIMED;
}

/* Claims at least need bytes more; where the system is short, exactly what is needed. */
static bool pool_extend(size_t need, size_t smallest)
{
	return need <= page_b.window.size - page_b.window.claimed &&
	       (pool_claim(os_window_step(&page_b.window, need, smallest)) ||
	        pool_claim(os_whole_pages(need)));
}

static size_t unit_of(const void *record)
{
	return ((uintptr_t)record - page_b.window.base) / PAGE_B_ALIGN;
}

/* Units are free from now on, together with their neighbours that are. */
static void run_add(size_t start, size_t units)
{
	units_mark(start, units, false);
	size_t end = start + units + RECORD_UNITS;
	if (end > units_claimed())
		end = units_claimed();
	end = unit_find(start, end, true);
	start = run_start(start);
	size_t run = end - start;
	if (run > RECORD_UNITS)
		run = RECORD_UNITS;
	for (; run > 0 && page_b.lowest[run] > start; run--)
		page_b.lowest[run] = start;
}

/* Enters in the map what was given back. Returns: whether there was anything. */
runs_later static bool given_settle(void)
{
	bool any = page_b.given_bytes != 0;

	for (size_t units = 1; units <= RECORD_UNITS && any; units++) {
		for (struct free_record *record = page_b.given[units], *next; record != NULL;
		     record = next) {
			next = record->next;
			run_add(unit_of(record), units);
		}
		page_b.given[units] = NULL;
	}
	page_b.given_bytes = 0;
	return any;
}

static void *record_cut(size_t units)
{
	size_t start = run_find(units);

	if (start + units > units_claimed() && given_settle())
		start = run_find(units);
	size_t end = units_claimed();
	if (start + units > end &&
	    !pool_extend((start + units - end) * PAGE_B_ALIGN, POOL_CLAIM_BYTES))
		return NULL;
	units_mark(start, units, true);
	for (size_t more = units; more <= RECORD_UNITS && page_b.lowest[more] < start + units;
	     more++)
		page_b.lowest[more] = start + units;
	return (char *)page_b.window.base + start * PAGE_B_ALIGN;
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
	if (bytes > page_b.window.claimed)
		pool_extend(bytes - page_b.window.claimed, 0);
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

/* --- Giving memory back ------------------------------------------------------------------------- */

static bool frame_is_idle(const struct frame *frame, uint32_t now_ms, uint32_t age_ms)
{
	return frame->idle_since != 0 && clock_has_passed(now_ms, frame->idle_since, age_ms);
}

/* Gives the whole OS pages among idle frames back. Returns: their bytes. */
static size_t frames_purge(size_t first, size_t end)
{
	size_t os_frames = os_page_bytes / FRAME_BYTES;
	size_t bytes;

	first = (first + os_frames - 1) / os_frames * os_frames;
	end = end / os_frames * os_frames;
	if (first >= end)
		return 0;
	bytes = (end - first) * FRAME_BYTES;
	if (!os_purge((char *)page_b.window.base + first * FRAME_BYTES, bytes))
		return 0;
	for (size_t frame = first; frame < end; frame++) {
		frame_at(frame)->idle_since = 0;
		frame_at(frame)->dirty = false;
		page_b.idle_frames--;
	}
	return bytes;
}

runs_later size_t page_b_purge(uint32_t now_ms, uint32_t age_ms)
{
	size_t purged = 0;

	lock_acquire(&page_b.lock);
	given_settle();
	size_t frames = page_b.idle_frames != 0 ? page_b.window.claimed / FRAME_BYTES : 0;
	for (size_t frame = 0; frame < frames; frame++) {
		size_t run = frame;
		while (run < frames && frame_is_idle(frame_at(run), now_ms, age_ms))
			run++;
		if (run > frame)
			purged += frames_purge(frame, run);
		frame = run;
	}
	lock_release(&page_b.lock);
	return purged;
}

/* --- The walker --------------------------------------------------------------------------------- */

static bool frames_are_ok(void)
{
	size_t frames = (page_b.window.claimed + FRAME_BYTES - 1) / FRAME_BYTES;
	size_t used = 0, idle = 0;
	bool ok = true;

	for (size_t i = 0; i < frames; i++) {
		const struct frame *frame = frame_at(i);
		used += (size_t)__builtin_popcountll(frame->used);
		idle += frame->idle_since != 0;
		ok = ok && (frame->dirty ? (frame->used != 0) != (frame->idle_since != 0)
		                         : frame->used == 0 && frame->idle_since == 0);
	}
	return ok && used * PAGE_B_ALIGN == page_b.used_bytes + page_b.given_bytes &&
	       idle == page_b.idle_frames;
}

/* Whether every free run is known of. */
static bool runs_are_ok(void)
{
	size_t end = units_claimed();
	size_t start = unit_find(0, end, false);
	bool ok = true;

	while (start < end) {
		size_t stop = unit_find(start, end, true);
		size_t run = stop - start < RECORD_UNITS ? stop - start : RECORD_UNITS;
		for (size_t units = 1; units <= run; units++)
			ok = ok && page_b.lowest[units] <= start;
		start = unit_find(stop, end, false);
	}
	return ok;
}

runs_seldom bool page_b_ok(void)
{
	lock_acquire(&page_b.lock);
	bool ok = frames_are_ok() && runs_are_ok();
	lock_release(&page_b.lock);
	return ok;
}
