/*
 * heap.h - what the rooms above need of a heap: its cells are handed out, taken back, found and shown.
 *
 * The process has one heap that grows; users may create others, of fixed size. All functions lock the heap
 * themselves.
 */
#ifndef HEAP_H
#define HEAP_H

#include "bins.h"
#include "look.h"
#include "process.h"
#include "purge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A heap of fixed size: its two pages lie between guard pages. See heap_create.
 * Requires: granule is a power of two. */
struct heap *heap_open(size_t bytes, size_t granule);

/* Returns: false, and the pointer is not followed, when no such heap is open. */
bool heap_close(struct heap *heap);

/* Hands out a cell of at least bytes, its start a multiple of alignment, a power of two.
 * Returns: NULL with ENOMEM when Page A or Page B is full, or the process would commit more than its
 * limit; nothing has changed then. */
void *heap_take(struct heap *heap, size_t bytes, size_t alignment, enum heap_kind kind);

/* As heap_take for a block, which a block of credit bytes moves to with its pages: what is committed then
 * does not count twice. The caller gives one of the two back at once. Process heap. */
void *heap_take_in_exchange(struct heap *heap, size_t bytes, size_t credit);

/* Tells that a large block, which was just handed out, is to be written from so many bytes on: where page faults are
 * dear it is prepared for that. Process heap. Returns: whether it is. */
bool heap_fill(struct heap *heap, void *ptr, size_t from);

/* Frees the cell of this kind that starts at ptr, and merges it with its free neighbours.
 * Returns: its size in bytes; 0 when no such cell starts at ptr: nothing has changed then. */
size_t heap_give(struct heap *heap, void *ptr, enum heap_kind kind, enum heap_contents contents);

/* A block that keeps growing has room behind it, addresses alone, for one part in so many. */
#define HEAP_ROOM_PART 8u

/* Only so many bytes were asked for of the block that starts at ptr: it may grow into the rest, which is its own. */
void heap_keep_room(struct heap *heap, void *ptr, size_t bytes);

/* Makes the block that starts at ptr hold bytes, without moving it. If it becomes smaller, it has no room left.
 * Returns: false when there is no room behind it, or the limit is in the way. */
bool heap_resize(struct heap *heap, void *ptr, size_t bytes);

/* Makes a part of a cell that was just handed out inaccessible: it holds nothing, and does not count as committed.
 * Process heap. Returns: false where the system does not let it; it stays as it is then. */
bool heap_close_part(void *start, size_t bytes);

/* Opens it again. Returns: false where the system refuses that. */
bool heap_open_part(void *start, size_t bytes);

/* Walks the whole heap. Returns: false when a rule of the core is broken. */
bool heap_ok(struct heap *heap);

#endif
