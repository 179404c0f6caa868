/*
 * pool.h - the memory that Page B's records lie in, dealt out in units.
 *
 * There is one pool. Locks: that of the room above is held.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_UNIT_BYTES ((size_t)64)

/* The most that is taken at a time. */
#define POOL_UNITS_MAX ((size_t)128)

/* Returns: false when the system has no room for it. */
bool pool_open(void);

/* All that there is, taken or not. */
size_t pool_claimed_bytes(void);

/* Sees to it, where the system lets it, that there are so many bytes in all. */
void pool_reserve(size_t bytes);

/* Takes the first units in a row that are free, all zero. grows: where there are none, more is claimed.
 * Returns: NULL when there is no room. */
void *pool_take(size_t units, bool grows);

/* Gives back as many as were taken there. */
void pool_give(const void *at, size_t units);

/* Gives the OS pages back in which nothing has been for age_ms. Returns: their bytes. */
size_t pool_purge(uint32_t now_ms, uint32_t age_ms);

/* Checks the map, in which so many units are to be taken. Returns: false when something is wrong. */
bool pool_ok(size_t units_used);

#endif
