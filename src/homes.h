/*
 * homes.h - sets of functions, by their names: which files they come from, and where they lie.
 */
#ifndef HOMES_H
#define HOMES_H

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

/* Finds the files that a set's functions come from, as they are loaded now. A library that was opened stays open from
 * then on: its functions may be called for others. Locks: the caller holds none; errno and dlerror may change. */
void homes_find(struct relink_set *set);

/* The same, where all are loaded that stay. Requires: no other thread. */
void homes_find_first(struct relink_set *set);

/* Whether an address lies in one of them. */
bool homes_have(const struct relink_set *set, const void *address);

/* Asks the loader for the functions that are not known yet. Locks: as homes_find. */
void homes_resolve(struct relink_set *set);

/* Returns: the function of that name, or NULL. */
struct relink_name *homes_name_find(const struct relink_set *set, const char *text);

#endif
