/*
 * bootstrap - the static buffer for early calls.
 *
 * Holds:  the buffer, and beside it the size and state of each cell, in units of 16 bytes.
 * Always: cells are handed out once, in rising addresses, and stay known for the process's life.
 * Locks:  none: one atomic counter, one atomic word a cell.
 */
#include "bootstrap.h"
#include "report.h"

#include <stdint.h>

#define UNIT_BYTES 16
#define UNITS      (BOOTSTRAP_BYTES / UNIT_BYTES)
#define DEAD       0x8000u

static _Alignas(4096) unsigned char buffer[BOOTSTRAP_BYTES] lies_late;

/* For the unit a cell starts at: its length in units, and DEAD once it was freed. Else 0. */
static uint16_t cells[UNITS + 1] lies_late;
static size_t units_used;

/* The first ones are here, where the start of a program writes to the page anyway. */
static uint16_t cells_here[16];

static uint16_t *cell_at(size_t unit)
{
	return unit < sizeof cells_here / sizeof *cells_here ? &cells_here[unit] : &cells[unit];
}

void *bootstrap_new(size_t size, size_t alignment)
{
	size_t used = __atomic_load_n(&units_used, __ATOMIC_RELAXED);
	size_t units = size == 0 ? 1 : (size + UNIT_BYTES - 1) / UNIT_BYTES;
	size_t align_units = alignment <= UNIT_BYTES ? 1 : alignment / UNIT_BYTES;
	size_t start;

	if (size > BOOTSTRAP_BYTES || alignment > 4096)
		return NULL;
	do {
		start = (used + align_units - 1) & -align_units;
		if (start + units > UNITS)
			return NULL;
	} while (!__atomic_compare_exchange_n(&units_used, &used, start + units, true,
	                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	__atomic_store_n(cell_at(start), (uint16_t)units, __ATOMIC_RELAXED);
	return buffer + start * UNIT_BYTES;
}

static uint16_t *cell_of(const void *ptr)
{
	return cell_at(((uintptr_t)ptr - (uintptr_t)buffer) / UNIT_BYTES);
}

enum bootstrap_state bootstrap_state(const void *ptr)
{
	uintptr_t offset = (uintptr_t)ptr - (uintptr_t)buffer;

	if (offset >= BOOTSTRAP_BYTES)
		return BOOTSTRAP_FOREIGN;
	uint16_t cell = __atomic_load_n(cell_of(ptr), __ATOMIC_RELAXED);
	if (offset % UNIT_BYTES != 0 || cell == 0)
		return BOOTSTRAP_INSIDE;
	return (cell & DEAD) != 0 ? BOOTSTRAP_DEAD : BOOTSTRAP_LIVE;
}

size_t bootstrap_bytes(const void *ptr)
{
	return (size_t)(*cell_of(ptr) & ~DEAD) * UNIT_BYTES;
}

bool bootstrap_free(void *ptr)
{
	return (__atomic_fetch_or(cell_of(ptr), DEAD, __ATOMIC_RELAXED) & DEAD) == 0;
}

runs_seldom size_t bootstrap_bytes_live(void)
{
	size_t bytes = 0;

	for (size_t unit = 0; unit < UNITS; unit++) {
		uint16_t cell = __atomic_load_n(cell_at(unit), __ATOMIC_RELAXED);
		if ((cell & DEAD) == 0)
			bytes += cell * (size_t)UNIT_BYTES;
	}
	return bytes;
}
