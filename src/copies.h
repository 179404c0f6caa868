/*
 * copies.h - HALLOC_GUARD_COPIES=1: memcpy, memset, strcpy and their kin, stopped before they write or read
 * beyond a block of the heap.
 */
#ifndef COPIES_H
#define COPIES_H

/* From the library's constructor: where it is asked for, calls of these functions come here first from now on. */
void copies_start(void);

#endif
