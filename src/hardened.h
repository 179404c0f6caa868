/*
 * hardened.h - small and large blocks under HALLOC_HARDENED=1.
 *
 * Every call comes here: threads keep no slots, and the page map shows no reciprocal for the slabs, so both
 * fast paths end in their slow ones. A block has exactly the bytes that were asked for.
 */
#ifndef HARDENED_H
#define HARDENED_H

#include <stdbool.h>
#include <stddef.h>

extern bool hardened_on;

/* After the slabs. Returns: false without memory. */
bool hardened_boot(void);

/* A block of size bytes, all zero; size 0: one that cannot be read or written. grows: a large block grew into
 * this one, and so may this. Returns: NULL with ENOMEM. */
void *hardened_new(size_t size, size_t alignment, bool grows);

/* The quick way, for small blocks alone; errno stays as it is. Returns: NULL when this is not the way, as before
 * hardened_boot. */
void *hardened_new_slot(size_t size);

/* Frees the live block that starts at ptr; what was written beyond it, or beyond a neighbour, is reported.
 * Returns: false when no live block starts there: nothing has changed. */
bool hardened_free(void *ptr);

/* The same for small blocks alone, whatever made them; errno stays as it is. */
bool hardened_free_slot(void *ptr);

/* Whether a live block starts at ptr, and its bytes. */
bool hardened_find(const void *ptr, size_t *size);

/* Makes a block hold size bytes where it is, as from malloc from now on.
 * Requires: it is live. Returns: false when it must move. */
bool hardened_resize(void *ptr, size_t size);

/* Has a live block, a sampled one, too, end earlier, as from malloc from now on. Requires: size is not more than it has. */
void hardened_shrink(void *ptr, size_t size);

/* Gives back what waits in quarantine, and all that is idle then, where memory is short.
 * Returns: whether anything waited. */
bool hardened_give_back(void);

/* At exit: looks behind every live block, and at what was freed, for what nobody came by again. What another
 * thread, or the one that a signal handler exits in, is at work on is left out. */
void hardened_sweep(void);

#endif
