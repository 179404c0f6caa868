/*
 * array.h - records that are named by number: they lie one behind the other, in a window that grows.
 *
 * Locks: the caller's.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include "os.h"

#include <stdbool.h>
#include <stddef.h>

/* Record n starts n * record_bytes behind the base of the window, whether or not it is usable yet. */
struct array {
	struct os_window window;
	size_t record_bytes;
};

/* Returns: false when the system has no room for so many. */
bool array_open(struct array *array, size_t record_bytes, size_t records_max);

/* Makes the first records usable; new ones are zero.
 * Returns: false when there is no room; nothing has changed then. */
bool array_extend(struct array *array, size_t records);

#endif
