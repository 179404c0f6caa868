/*
 * boot.h - the heap is built at the first request, or at the library's start; what a fork and the end of the process ask.
 */
#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>

enum boot_stage { BOOT_NONE, BOOT_BUILDING, BOOT_READY, BOOT_FAILED };

extern enum boot_stage boot_stage __attribute__((visibility("hidden")));

/* Whether boot_start was called. */
extern bool boot_started __attribute__((visibility("hidden")));

/* Whether the heap stands. */
static inline bool boot_is_ready(void)
{
	return __atomic_load_n(&boot_stage, __ATOMIC_ACQUIRE) == BOOT_READY;
}

/* Whether this thread is building it: what comes back in is to be served otherwise. */
bool boot_is_here(void);

/* Builds the heap, once. Returns: false when the system has no room for it. */
bool boot_ensure(void);

/* Registers the handlers for fork, if they are not. */
void boot_prepare_forks(void);

/* The last of start-up, from the library's constructor: from here on the bootstrap buffer serves only
 * what comes back in while the heap is being built. */
void boot_start(void);

/* The last of all, from the library's destructor: tells of what was written where nobody came by again. */
void boot_finish(void);

#endif
