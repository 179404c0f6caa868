/*
 * move.h - the pages of a range, moved to another: no byte is copied.
 *
 * Addresses and sizes are multiples of os_page_bytes. No locks are taken; errno is left as the system set it.
 */
#ifndef MOVE_H
#define MOVE_H

#include <stddef.h>

enum move {
	MOVE_DONE,   /* the old range stays mapped and reads as zero */
	MOVE_FAILED, /* the old range is as it was, and so is the new one */
	MOVE_LOST, /* the old range is as it was; a part at least of the new one is mapped no more */
};

/* Moves the pages of a range to another. Requires: that is mapped, writable, and reads as zero. */
enum move move_range(void *from, void *to, size_t bytes);

#endif
