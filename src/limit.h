/*
 * limit.h - how much memory the process may commit, and whether its control group is short of it.
 *
 * Committed is what may be resident without asking again: cells of Page A in use, free pages of it
 * that were not given back yet, and what is claimed of Page B. A slab counts as a whole, but for the
 * guard behind it. Not counted are the heaps that users create, and what a program maps without
 * malloc (as python does for its small objects, unless PYTHONMALLOC=malloc). A child of fork has the
 * same limit for itself.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_BYTES_MIN ((size_t)1 << 20)

/* The limit; SIZE_MAX when the user set none. */
extern size_t limit_bytes;

/* Whether the control group's memory is to be looked at now and then. */
extern bool limit_watches;

/* Understands HALLOC_LIMIT and HALLOC_PRESSURE; one warning line for a limit that is not allowed. */
void limit_boot(void);

/* Understands "BYTES", with one of K M G T behind it, or "PERCENT%" of whole.
 * Returns: false when text is neither, or comes to less than LIMIT_BYTES_MIN: *bytes is kept. */
bool limit_parse(const char *text, size_t whole, size_t *bytes);

/* Whether a control group of the process is nearly full, or its tasks wait for memory. Looks at
 * most ten times a second; in between it says no. errno is kept.
 * Requires: limit_watches. */
bool limit_pressed(uint32_t now_ms);

#endif
