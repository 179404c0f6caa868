/*
 * homes.h - sets of functions, by their names: which files they come from, and where they lie.
 */
#ifndef HOMES_H
#define HOMES_H

#include <stdbool.h>
#include <stdint.h>

/* A function that is meant. */
struct homes_name {
	const char *name;
	void *ours; /* what is to be called in its place */
	void *theirs; /* what is called otherwise; NULL while it is not known, and no call is changed */
	void *stub;      /* of the executable, under whose address others may know the function */
	bool by_default; /* what the loader would still bind a call to is theirs */
};

/* Where a file lies in memory. */
struct homes_range {
	uintptr_t start;
	uintptr_t end;
};

#define HOMES_MAX 4u

/* What a function of ours calls that the program has come to by a slot: that was changed when theirs was known, and what it
 * held orders what is read behind it on some machines only by a fence. */
static inline void *homes_theirs(const struct homes_name *name)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&name->theirs, __ATOMIC_RELAXED);
}

/* Functions that belong together. */
struct homes_set {
	const char *home; /* words: how the names of their files begin; none: this library's */
	bool whole;       /* nothing is to be changed if somebody brings one of them himself */
	struct homes_name *names;
	unsigned count;
	unsigned prefix; /* the names all begin with the same so many letters, or more */
	bool replaced;   /* whole, and somebody does; this is kept by who looks, as is the rest */
	unsigned home_count;
	struct homes_range homes[HOMES_MAX];
};

/* Finds the files that a set's functions come from, as they are loaded now. A library that was opened stays open from
 * then on: its functions may be called for others. Locks: the caller holds none; errno and dlerror may change. */
void homes_find(struct homes_set *set);

/* The same, where all are loaded that stay. Requires: no other thread. */
void homes_find_first(struct homes_set *set);

/* Whether an address lies in one of them. */
bool homes_have(const struct homes_set *set, const void *address);

/* Asks the loader for the functions that are not known yet. Locks: as homes_find. */
void homes_resolve(struct homes_set *set);

/* Returns: the function of that name, or NULL. */
struct homes_name *homes_name_find(const struct homes_set *set, const char *text);

#endif
