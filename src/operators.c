/*
 * operators - stands in for the operators new and delete of the C++ library.
 *
 *     program     new     ->  operators_Znwm: a slot at hand?  else  ->  operator new  ->  malloc
 *     program     delete  ->  operators_delete                 (operator delete with a size  ->  without  ->  free)
 *
 * Holds:  the addresses of the C++ library's operators.
 * Always: a block is the same whichever way it came, so calls that are not changed go with those that are. What
 *         is not a slot at hand is left to the library's operator, with new_handler and bad_alloc. Where a
 *         program brings one of these operators itself, nothing is changed.
 * Locks:  none.
 *
 * Aligned forms are left out: they are rare, and new with an alignment has no fast path.
 */
#include "operators.h"
#include "alloc.h"
#include "hardened.h"
#include "lock.h"
#include "options.h"
#include "relink.h"

/* C++ libraries, as their files are called. */
#define RUNTIMES "libstdc++.so libc++.so libc++abi.so"

/* As object files call them: m is size_t, Pv a pointer, w and l are plain, a is []. */
#define NEWS(X)                                                                     \
	X(_Znwm, (size_t size), (size))                                             \
	X(_Znam, (size_t size), (size))                                             \
	X(_ZnwmRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow)) \
	X(_ZnamRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow))
#define DELETES(X)              \
	X(_ZdlPv)               \
	X(_ZdlPvm)              \
	X(_ZdlPvRKSt9nothrow_t) \
	X(_ZdaPv)               \
	X(_ZdaPvm)              \
	X(_ZdaPvRKSt9nothrow_t)

enum {
#define X(name, ...) AT##name,
	NEWS(X) DELETES(X)
#undef X
	        OPERATORS
};

static struct relink_name operators[OPERATORS];

/* Jumps to the library's operator, so that no frame of ours is in the way of what it throws. */
#define X(name, takes, gives)                                             \
	static void *operators##name takes                                \
	{                                                                 \
		void *ptr = alloc_new_at_hand(size);                      \
		if (likely(ptr != NULL))                                  \
			return ptr;                                       \
		return ((void *(*)takes)operators[AT##name].theirs)gives; \
	}
NEWS(X)
#undef X

/* All forms of delete: what else they take is not needed. */
static void operators_delete(void *ptr)
{
	alloc_free(ptr);
}

static struct relink_name operators[OPERATORS] = {
#define X(symbol, ...) [AT##symbol] = {.name = #symbol, .ours = (void *)operators##symbol},
        NEWS(X)
#undef X
#define X(symbol) [AT##symbol] = {.name = #symbol, .ours = (void *)operators_delete},
                DELETES(X)
#undef X
};

static struct relink_set set = {
        .home = RUNTIMES,
        .whole = true,
        .names = operators,
        .count = OPERATORS,
        .prefix = 2, /* _Z */
};

/* std::nothrow, which every C++ library has: whether there is one costs others no more than this. The name
 * of an operator would do the same, but have linkers show that of a program. */
extern const char _ZSt7nothrow __attribute__((weak));

/* Whether what the library's operators give comes from here: it may have been bound to another malloc. */
static bool library_allocates_here(void)
{
	void *(*theirs_new)(size_t, const void *) =
	        (void *(*)(size_t, const void *))operators[AT_ZnwmRKSt9nothrow_t].theirs;
	void (*theirs_delete)(void *) = (void (*)(void *))operators[AT_ZdlPv].theirs;

	if (theirs_new == NULL || theirs_delete == NULL)
		return false;
	void *probe = theirs_new(1, &_ZSt7nothrow);
	bool here = alloc_bytes(probe, NULL) != 0;
	theirs_delete(probe);
	return here;
}

void operators_start(void)
{
	if (&_ZSt7nothrow == NULL || options.operators != 0 || hardened_on)
		return;
	/* What a thread opens now, or what was opened in another way, might find other operators. */
	if (!lock_is_alone() || relink_has_deepbound)
		return;
	if (relink_find(&set) && library_allocates_here())
		relink_calls(&set);
}
