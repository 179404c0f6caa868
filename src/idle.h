/*
 * idle.h - idle memory goes back to the system.
 *
 * Times are milliseconds of clock_ms. All functions are called without a lock held, from any thread, and leave
 * errno as it is.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives back what has been idle for age_ms: OS pages of slabs that held no slot in use, of every arena; free cells of
 * the core, and pages of records. Returns: bytes given back. */
size_t idle_purge(uint32_t now_ms, uint32_t age_ms);

/* The same, of all that is idle now, and of what threads have at hand. */
size_t idle_trim(uint32_t now_ms);

/* When set, called for that: empties the caches of the room above, all of them; or, four times in the time after which
 * memory is idle, those whose threads sleep. */
extern void (*idle_empty_caches)(bool all);

/* Does what is due by now; mostly nothing. */
void idle_look(void);

/* For slow paths to come by: the same, and tells whoever wants to know of it. */
void idle_tick(void);

/* When set, the next who comes by sets it to NULL, and calls it. */
extern void (*idle_passed)(void);

#endif
