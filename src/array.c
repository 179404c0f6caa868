/*
 * array - records that are named by number, in a window that grows.
 *
 * Holds:  nothing.
 * Always: a record stays where it is.
 * Locks:  the caller's.
 */
#include "array.h"

#define CLAIM_BYTES ((size_t)64 << 10)

bool array_open(struct array *array, size_t record_bytes, size_t records_max)
{
	size_t bytes = os_whole_pages(record_bytes * records_max);

	array->record_bytes = record_bytes;
	return os_window_open(&array->window, bytes, os_page_bytes);
}

/* Claims more than is needed; where the system is short, exactly that. */
bool array_extend(struct array *array, size_t records)
{
	struct os_window *window = &array->window;
	size_t bytes = records * array->record_bytes;

	if (bytes <= window->claimed)
		return true;
	size_t need = os_whole_pages(bytes - window->claimed);
	if (need > window->size - window->claimed)
		return false;
	return os_window_claim(window, os_window_step(window, need, CLAIM_BYTES)) == OS_CLAIMED ||
	       os_window_claim(window, need) == OS_CLAIMED;
}
