/*
 * pool - memory that is dealt out in units: the first run of free ones that fits.
 *
 *     pool:    | run | run | free | run | ... | free to the end of what is claimed
 *     frames:  | a bit for each 64 bytes  | ...       one for each 4 KiB of the pool
 *
 * Holds:  the pool, and a map of it.
 * Always: what is handed out is zero, and the first place that fits; a frame that is not dirty is zero.
 * Locks:  none; page_b.lock is held.
 */
#include "pool.h"
#include "array.h"
#include "clock.h"
#include "os.h"
#include "report.h"

#include <string.h>

#define POOL_BYTES_MAX ((size_t)512 << 30)
#define CLAIM_BYTES    ((size_t)64 << 10)

/* As many units as a word has bits. */
#define FRAME_UNITS 64u
#define FRAME_BYTES (FRAME_UNITS * POOL_UNIT_BYTES)

struct frame {
	uint64_t used;       /* a bit for each unit */
	uint32_t idle_since; /* ms; 0: in use, or clean */
	bool dirty;          /* something was in it since it came from the system */
};

/* So many frames are described here: the first of them, so that small programs need no page for the map. */
#define FRAMES_HERE (CLAIM_BYTES / FRAME_BYTES)

static struct {
	struct os_window window;
	struct array map; /* the other frames, each in its place */
	struct frame frames_here[FRAMES_HERE];
	size_t idle_frames;                /* dirty, and with nothing in them */
	size_t lowest[POOL_UNITS_MAX + 1]; /* no free run of so many units starts below */
} pool;

bool pool_open(void)
{
	return os_window_open(&pool.window, POOL_BYTES_MAX, CLAIM_BYTES) &&
	       array_open(&pool.map, sizeof(struct frame), POOL_BYTES_MAX / FRAME_BYTES);
}

size_t pool_claimed_bytes(void)
{
	return pool.window.claimed;
}

/* --- The map ------------------------------------------------------------------------------------ */

static struct frame *frame_at(size_t frame)
{
	if (frame < FRAMES_HERE)
		return &pool.frames_here[frame];
	return (struct frame *)pool.map.window.base + frame;
}

/* The pool's units that are mapped. */
static size_t units_claimed(void)
{
	return pool.window.claimed / POOL_UNIT_BYTES;
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

	while (start > 0 && unit - start < POOL_UNITS_MAX) {
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
	size_t start = unit_find(pool.lowest[units], end, false);

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
		pool.idle_frames--;
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
		pool.idle_frames++;
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
			frame_take(frame, bits, (char *)pool.window.base + unit * POOL_UNIT_BYTES,
			           count * POOL_UNIT_BYTES);
		else
			frame_leave(frame, bits);
		unit += count;
		units -= count;
	}
}

/* --- Growing ------------------------------------------------------------------------------------ */

static bool claim(size_t bytes)
{
	size_t frames = (pool.window.claimed + bytes) / FRAME_BYTES;

	return array_extend(&pool.map, frames) &&
	       os_window_claim(&pool.window, bytes) == OS_CLAIMED;
}

/* Claims at least need bytes more; where the system is short, exactly what is needed. */
static bool extend(size_t need, size_t smallest)
{
	return need <= pool.window.size - pool.window.claimed &&
	       (claim(os_window_step(&pool.window, need, smallest)) || claim(os_whole_pages(need)));
}

runs_seldom void pool_reserve(size_t bytes)
{
	if (bytes > pool.window.claimed)
		extend(bytes - pool.window.claimed, 0);
}

/* --- Runs --------------------------------------------------------------------------------------- */

void *pool_take(size_t units, bool grows)
{
	expect(units != 0);
	expect(units <= POOL_UNITS_MAX);
	size_t start = run_find(units);
	size_t end = units_claimed();
	if (start + units > end &&
	    (!grows || !extend((start + units - end) * POOL_UNIT_BYTES, CLAIM_BYTES)))
		return NULL;
	units_mark(start, units, true);
	for (size_t more = units; more <= POOL_UNITS_MAX && pool.lowest[more] < start + units;
	     more++)
		pool.lowest[more] = start + units;
	return (char *)pool.window.base + start * POOL_UNIT_BYTES;
}

/* They are free together with their neighbours that are. */
void pool_give(const void *at, size_t units)
{
	size_t start = ((uintptr_t)at - pool.window.base) / POOL_UNIT_BYTES;

	units_mark(start, units, false);
	size_t end = start + units + POOL_UNITS_MAX;
	if (end > units_claimed())
		end = units_claimed();
	end = unit_find(start, end, true);
	start = run_start(start);
	size_t run = end - start;
	if (run > POOL_UNITS_MAX)
		run = POOL_UNITS_MAX;
	for (; run > 0 && pool.lowest[run] > start; run--)
		pool.lowest[run] = start;
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
	if (!os_purge((char *)pool.window.base + first * FRAME_BYTES, bytes))
		return 0;
	for (size_t frame = first; frame < end; frame++) {
		frame_at(frame)->idle_since = 0;
		frame_at(frame)->dirty = false;
		pool.idle_frames--;
	}
	return bytes;
}

runs_later size_t pool_purge(uint32_t now_ms, uint32_t age_ms)
{
	size_t purged = 0;
	size_t frames = pool.idle_frames != 0 ? pool.window.claimed / FRAME_BYTES : 0;

	for (size_t frame = 0; frame < frames; frame++) {
		size_t run = frame;
		while (run < frames && frame_is_idle(frame_at(run), now_ms, age_ms))
			run++;
		if (run > frame)
			purged += frames_purge(frame, run);
		frame = run;
	}
	return purged;
}

/* --- The walker --------------------------------------------------------------------------------- */

static bool frames_are_ok(size_t units_used)
{
	size_t frames = (pool.window.claimed + FRAME_BYTES - 1) / FRAME_BYTES;
	size_t used = 0, idle = 0;
	bool ok = true;

	for (size_t i = 0; i < frames; i++) {
		const struct frame *frame = frame_at(i);
		used += (size_t)__builtin_popcountll(frame->used);
		idle += frame->idle_since != 0;
		ok = ok && (frame->dirty ? (frame->used != 0) != (frame->idle_since != 0)
		                         : frame->used == 0 && frame->idle_since == 0);
	}
	return ok && used == units_used && idle == pool.idle_frames;
}

/* Whether every free run is known of. */
static bool runs_are_ok(void)
{
	size_t end = units_claimed();
	size_t start = unit_find(0, end, false);
	bool ok = true;

	while (start < end) {
		size_t stop = unit_find(start, end, true);
		size_t run = stop - start < POOL_UNITS_MAX ? stop - start : POOL_UNITS_MAX;
		for (size_t units = 1; units <= run; units++)
			ok = ok && pool.lowest[units] <= start;
		start = unit_find(stop, end, false);
	}
	return ok;
}

runs_seldom bool pool_ok(size_t units_used)
{
	return frames_are_ok(units_used) && runs_are_ok();
}
