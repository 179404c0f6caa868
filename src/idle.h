/*
 * idle.h - idle memory goes back to the system.
 *
 * Times are milliseconds of os_clock_ms. Both functions are called without a lock held, from any thread, and leave
 * errno as it is.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stddef.h>
#include <stdint.h>

/* Gives back what has been idle for age_ms: OS pages of slabs that held no slot in use, of every arena; free cells of
 * the core, and pages of records. Returns: bytes given back. */
size_t idle_purge(uint32_t now_ms, uint32_t age_ms);

/* For slow paths to come by: does what is due by now; mostly nothing. */
void idle_tick(void);

#endif
