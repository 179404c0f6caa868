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

#include <stdbool.h>
#include <stdint.h>

struct relink_name {
	const char *name;
	void *ours;
	void *theirs; /* what is called otherwise; NULL while it is not known, and no call is changed */
	void *stub;      /* of the executable, under whose address others may know the function */
	bool by_default; /* what the loader would still bind a call to is theirs */
};

#define RELINK_HOMES_MAX 4u

/* The files that functions come from. An empty name is this library's. */
struct relink_home {
	uintptr_t start;
	uintptr_t end;
};

/* Functions that are changed together. */
struct relink_set {
	const char *home; /* words: how the names of the files begin that they come from */
	const char *
	        within; /* the same for those whose calls are changed; NULL: all but this library's */
	bool whole;     /* not at all, if somebody brings one of them himself */
	bool *in_force; /* if not NULL: told whether they are changed */
	struct relink_name *names;
	unsigned count;
	unsigned prefix;         /* the names all begin with the same so many letters, or more */
	struct relink_set *next; /* the rest is kept by the room */
	struct relink_home homes[RELINK_HOMES_MAX];
	unsigned home_count;
	bool replaced;    /* whole, and somebody does */
	uintptr_t lowest; /* the addresses of theirs, for relink_calls */
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

/* Whether the code at an address lies in an object that has directories of its own to find libraries in, so
 * that it matters who opens one. */
bool relink_has_paths(const void *code);

#endif
