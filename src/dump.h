/*
 * dump.h - a heap in print. No lock is held while text is written, so a cell that changes meanwhile is
 * shown as it was at some moment.
 */
#ifndef DUMP_H
#define DUMP_H

#include "heap.h"

/* A line a cell. Returns: 0, or the errno of write(2). */
int dump_heap(struct heap *heap, int fd);

/* The process heap: a line a cell, what its slabs hold, and totals by class. */
int dump_process(int fd);

#endif
