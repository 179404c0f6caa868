/*
 * halloc.h - the public interface of libhalloc.
 *
 * Sizes and offsets are in bytes. Every function may be called from any thread at any time, except
 * heap_destroy, whose heap must no longer be in use by another thread. Functions that fail set errno
 * and change nothing. None of them throws, prints (the print functions aside) or calls exit.
 *
 * In a signal handler, those of the process heap do what malloc and free do there (see README.md). Those of a heap of
 * fixed size end the process, with a line on stderr, where the handler has interrupted another call for the same heap.
 *
 * Link with -lhalloc, or call through a preloaded libhalloc.so.
 */
#ifndef HALLOC_H
#define HALLOC_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- The process heap: the one that malloc serves from ------------------------------------------ */

/* As malloc: at least size bytes, aligned to 16, uninitialised.
 * Returns: a cell that hfree or free gives back; NULL with ENOMEM when there is no room. */
void *halloc(size_t size);

/* Gives back the cell that starts at ptr; hfree(NULL) does nothing and succeeds.
 * Returns: 0; or -1 with EINVAL when ptr does not start a live cell: nothing changes, no abort. */
int hfree(void *ptr);

/* Merges what can be merged and gives every idle page back to the system, now. */
void hdefrag(void);

/* Returns: the bytes usable at ptr; 0 when ptr does not start a live cell. */
size_t hsize(const void *ptr);

/* Writes the process heap to fd, readable: its cells, and its slabs by size class.
 * Returns: 0; or -1 with the errno of write(2), with EBUSY in a signal handler that has interrupted the heap, or with
 * ENOMEM where the system has no room for one. */
int hprint(int fd);

/* --- Heaps of a fixed size, each with its own Page A and Page B ------------------------------------ */

struct heap;

/* One cell, as heap_walk shows it. */
struct heap_cell_info {
	size_t offset; /* from the start of Page A */
	size_t size;
	bool in_use;
};

/* Makes a heap whose Page A holds size bytes (0: one OS page; rounded up to whole OS pages), handed
 * out in multiples of granule (a power of two; 0: 16). A heap of one OS page is exactly two OS pages. In the child of a
 * fork it is a copy.
 * Returns: the heap, which the caller gives to heap_destroy; NULL with EINVAL for a bad granule or size, or ENOMEM. */
struct heap *heap_create(size_t size, size_t granule);

/* Hands out a cell of size bytes, rounded up to the granule; a cell of 0 bytes takes one granule.
 * Alignment: cells are aligned as their offset is: with the default granule, to 16.
 * Returns: the cell; NULL with ENOMEM when Page A or Page B is full, EINVAL when heap is NULL. */
void *heap_alloc(struct heap *heap, size_t size);

/* As hfree, for a cell of this heap.
 * Returns: 0; or -1 with EINVAL when ptr does not start a live cell of it, or heap is NULL. */
int heap_free(struct heap *heap, void *ptr);

/* Gives the OS pages of Page A that hold no cell back to the system, now. (Free neighbours are merged at every
 * heap_free.) Does nothing when heap is NULL. */
void heap_defrag(struct heap *heap);

/* Shows every cell to visit, in address order, with the heap locked: visit must not use this heap, nor fork. It may call
 * malloc and free; but not open or close a stream of stdio (fopen, fclose), nor flush all, where another thread may fork:
 * that has the list of streams, and waits for the heap.
 * Returns: 0; the first non-zero answer of visit, where it stops; -1 with EINVAL for NULL arguments. */
int heap_walk(struct heap *heap, int (*visit)(const struct heap_cell_info *cell, void *arg),
              void *arg);

/* Writes a line a cell to fd: its address in Page A, its size, in use or free.
 * Returns: 0; -1 with EINVAL, or with the errno of write(2). */
int heap_print(struct heap *heap, int fd);

/* Gives the heap and all of its cells back to the system; heap_destroy(NULL) does nothing. Nothing else may be called with
 * the heap from here on; to destroy it once more sets errno to EINVAL, unless heap_create has made another in its place. */
void heap_destroy(struct heap *heap);

#ifdef __cplusplus
}
#endif

#endif
