/*
 * touch.h - what it takes to touch memory for the first time. Each OS page that is not there yet costs a page fault: some
 * 1.5 us where a system sees to its own, 6 to 12 in a guest whose host must see to its page tables.
 *
 * All functions may be called from any thread, with a lock or without; they leave errno alone.
 */
#ifndef TOUCH_H
#define TOUCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the pages of a range, and touches them. Returns: what that took, in ns. */
uint64_t touch_timed(void *start, size_t bytes);

/* What one OS page takes, in ns, where many are made at a time; 0: not known, for want of memory. Tries it out where nobody
 * has yet. */
uint64_t touch_page_ns(void);

/* Whether that is much. */
bool touch_is_dear(void);

/* Makes the pages of a range that is about to be touched page by page, where that is dear: by one call of the system it
 * takes half as long, elsewhere about as long. The first few times in any case, as this tells. */
void touch_ahead(void *start, size_t bytes);

#endif
