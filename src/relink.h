/*
 * relink.h - has the calls that other objects make of some functions come to functions of ours, for as long as
 * the process runs: without showing a name that programs without the option would pay for.
 *
 * An object calls others through a table of addresses (its GOT), which the loader fills in from the names. What
 * stands there is changed: only where it is the function that is meant, so that programs and
 * libraries with functions of their own by these names keep them.
 */
#ifndef RELINK_H
#define RELINK_H

#include "homes.h"

#include <stdbool.h>
#include <stdint.h>

/* C++ libraries, as their files are called. */
#define RELINK_CXX "libstdc++.so libc++.so libc++abi.so"

/* Functions whose calls are changed together. */
struct relink_set {
	struct homes_set functions;
	const char *within;      /* words, as home, of the callers; NULL: all but this library */
	bool *in_force;          /* if not NULL: told whether they are changed */
	struct relink_set *next; /* the rest is kept by the room */
	uintptr_t lowest;        /* the addresses of theirs, for relink_calls */
	uintptr_t highest;
};

/* Adds a set; those that were added later are changed first. From start-up alone. */
void relink_add(struct relink_set *set);

/* Changes the calls of all objects that were loaded since the last time, if there is a set. May wait for other
 * threads that are opening libraries. Locks: the caller holds none. errno and dlerror are as they were. */
void relink_update(void);

/* Whether there is a set. */
bool relink_wanted(void);

/* What follows changes calls once, at start, and without a word, to functions of ours that do what theirs do in
 * less time. So they are changed only where it is certain where they lead, and what a function's address is
 * taken to be, or a library that is opened later calls, stays as it is. */

/* Finds the functions of a set. Requires: the set is whole, and not added. Returns: false when the loader finds
 * none of them in the set's home, or one of them elsewhere, or does not tell. */
bool relink_find(struct relink_set *set);

/* Changes the calls of a set that was found, in all objects but this library. Requires: no other thread. */
void relink_calls(struct relink_set *set);

/* Set when a library is opened that finds functions in another order than the program (RTLD_DEEPBIND). */
extern bool relink_has_deepbound;

#endif
