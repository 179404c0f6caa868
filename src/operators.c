/*
 * operators - stands in for the operators new and delete of the C++ library.
 *
 *     program     new     ->  operators_Znwm: a slot at hand?  else  ->  operator new  ->  malloc
 *     program     delete  ->  free                             (operator delete with a size  ->  without  ->  free)
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
#include "hits.h"
#include "lock.h"
#include "options.h"
#include "relink.h"

/* As object files call them: m is size_t, Pv a pointer, w and l are plain, a is []. */
#define NEWS(X)  \
	X(_Znwm) \
	X(_Znam)
#define NEWS_NOTHROW(X)        \
	X(_ZnwmRKSt9nothrow_t) \
	X(_ZnamRKSt9nothrow_t)
#define DELETES(X)              \
	X(_ZdlPv)               \
	X(_ZdlPvm)              \
	X(_ZdlPvRKSt9nothrow_t) \
	X(_ZdaPv)               \
	X(_ZdaPvm)              \
	X(_ZdaPvRKSt9nothrow_t)

enum {
#define X(name) AT##name,
	NEWS(X) NEWS_NOTHROW(X) DELETES(X)
#undef X
	        OPERATORS
};

static struct homes_name operators[OPERATORS];

/* std::nothrow, which every C++ library has: whether there is one costs others no more than this. The name
 * of an operator would do the same, but have linkers show that of a program. */
extern const char _ZSt7nothrow __attribute__((weak));

typedef void *operator_new(size_t size);
typedef void *operator_new_nothrow(size_t size, const void *nothrow);

/* Jumps to the library's operator, so that no frame of ours is in the way of what it throws. */
#define X(name)                                                                    \
	static void *operators##name(size_t size)                                  \
	{                                                                          \
		return hits_new(size, (operator_new *)operators[AT##name].theirs); \
	}
NEWS(X)
#undef X

/* These throw nothing. */
#define X(name)                                                                                   \
	static void *miss##name(size_t size)                                                      \
	{                                                                                         \
		return ((operator_new_nothrow *)operators[AT##name].theirs)(size, &_ZSt7nothrow); \
	}                                                                                         \
	static void *operators##name(size_t size)                                                 \
	{                                                                                         \
		return hits_new(size, miss##name);                                                \
	}
NEWS_NOTHROW(X)
#undef X

static struct homes_name operators[OPERATORS] = {
#define X(symbol) [AT##symbol] = {.name = #symbol, .ours = (void *)operators##symbol},
        NEWS(X) NEWS_NOTHROW(X)
#undef X
#define X(symbol) [AT##symbol] = {.name = #symbol, .ours = (void *)hits_free},
                DELETES(X)
#undef X
};

static struct relink_set set = {
        .functions = {.home = RELINK_CXX,
                      .whole = true,
                      .names = operators,
                      .count = OPERATORS,
                      .prefix = 2 /* _Z */},
};

/* Whether what the library's operators give comes from here: it may have been bound to another malloc. */
static bool library_allocates_here(void)
{
	operator_new_nothrow *theirs_new =
	        (operator_new_nothrow *)operators[AT_ZnwmRKSt9nothrow_t].theirs;
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
