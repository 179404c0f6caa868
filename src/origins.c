/*
 * origins - notes which operator of C++ made a block, and asks for the one that goes with it.
 *
 *     program     new  ->  origins_new  ->  operator new  ->  malloc        then: made by new
 *     program     delete -> origins_delete: made by new?  ->  operator delete  ->  free
 *
 * Holds:  the addresses of the C++ library's operators, and of the functions that it allocates with.
 * Always: what those operators take from malloc by themselves may be freed by anything, so a call that does
 *         not come here is never reported. Where a program brings an operator of its own, nothing is.
 * Locks:  none of its own.
 */
#include "origins.h"
#include "hardened.h"
#include "makers.h"
#include "misuse.h"
#include "options.h"
#include "relink.h"
#include "report.h"
#include "slab.h"

#include <stdint.h>

/* Operators, as object files call them: m is size_t, Pv a pointer. X(name, the origin, kind) */
#define NEWS(X)                                                                \
	X(_Znwm, NEW, SIZE)                                                    \
	X(_ZnwmRKSt9nothrow_t, NEW, SIZE_QUIET)                                \
	X(_ZnwmSt11align_val_t, NEW_ALIGNED, SIZE_ALIGNED)                     \
	X(_ZnwmSt11align_val_tRKSt9nothrow_t, NEW_ALIGNED, SIZE_ALIGNED_QUIET) \
	X(_Znam, NEW_ARRAY, SIZE)                                              \
	X(_ZnamRKSt9nothrow_t, NEW_ARRAY, SIZE_QUIET)                          \
	X(_ZnamSt11align_val_t, NEW_ARRAY_ALIGNED, SIZE_ALIGNED)               \
	X(_ZnamSt11align_val_tRKSt9nothrow_t, NEW_ARRAY_ALIGNED, SIZE_ALIGNED_QUIET)
#define DELETES(X)                                                               \
	X(_ZdlPv, NEW, BLOCK)                                                    \
	X(_ZdlPvm, NEW, BLOCK_SIZE)                                              \
	X(_ZdlPvRKSt9nothrow_t, NEW, BLOCK_QUIET)                                \
	X(_ZdlPvSt11align_val_t, NEW_ALIGNED, BLOCK_ALIGNED)                     \
	X(_ZdlPvmSt11align_val_t, NEW_ALIGNED, BLOCK_SIZE_ALIGNED)               \
	X(_ZdlPvSt11align_val_tRKSt9nothrow_t, NEW_ALIGNED, BLOCK_ALIGNED_QUIET) \
	X(_ZdaPv, NEW_ARRAY, BLOCK)                                              \
	X(_ZdaPvm, NEW_ARRAY, BLOCK_SIZE)                                        \
	X(_ZdaPvRKSt9nothrow_t, NEW_ARRAY, BLOCK_QUIET)                          \
	X(_ZdaPvSt11align_val_t, NEW_ARRAY_ALIGNED, BLOCK_ALIGNED)               \
	X(_ZdaPvmSt11align_val_t, NEW_ARRAY_ALIGNED, BLOCK_SIZE_ALIGNED)         \
	X(_ZdaPvSt11align_val_tRKSt9nothrow_t, NEW_ARRAY_ALIGNED, BLOCK_ALIGNED_QUIET)

/* What the operators of a kind take, in a declaration and in a call, and what of it is checked. */
#define SIZE_TAKES                size_t size
#define SIZE_GIVES                size
#define SIZE_QUIET_TAKES          size_t size, const void *quiet
#define SIZE_QUIET_GIVES          size, quiet
#define SIZE_ALIGNED_TAKES        size_t size, size_t alignment
#define SIZE_ALIGNED_GIVES        size, alignment
#define SIZE_ALIGNED_QUIET_TAKES  size_t size, size_t alignment, const void *quiet
#define SIZE_ALIGNED_QUIET_GIVES  size, alignment, quiet
#define BLOCK_TAKES               void *ptr
#define BLOCK_GIVES               ptr
#define BLOCK_SAYS                SIZE_MAX, 1
#define BLOCK_SIZE_TAKES          void *ptr, size_t size
#define BLOCK_SIZE_GIVES          ptr, size
#define BLOCK_SIZE_SAYS           size, 1
#define BLOCK_QUIET_TAKES         void *ptr, const void *quiet
#define BLOCK_QUIET_GIVES         ptr, quiet
#define BLOCK_QUIET_SAYS          SIZE_MAX, 1
#define BLOCK_ALIGNED_TAKES       void *ptr, size_t alignment
#define BLOCK_ALIGNED_GIVES       ptr, alignment
#define BLOCK_ALIGNED_SAYS        SIZE_MAX, alignment
#define BLOCK_SIZE_ALIGNED_TAKES  void *ptr, size_t size, size_t alignment
#define BLOCK_SIZE_ALIGNED_GIVES  ptr, size, alignment
#define BLOCK_SIZE_ALIGNED_SAYS   size, alignment
#define BLOCK_ALIGNED_QUIET_TAKES void *ptr, size_t alignment, const void *quiet
#define BLOCK_ALIGNED_QUIET_GIVES ptr, alignment, quiet
#define BLOCK_ALIGNED_QUIET_SAYS  SIZE_MAX, alignment

enum {
#define X(name, ...) AT##name,
	NEWS(X) DELETES(X)
#undef X
	        OPERATORS
};

static struct homes_name operators[OPERATORS];

/* --- The operators -------------------------------------------------------------------------------- */

/* An operator makes one byte of none. */
static size_t bytes_for(size_t size)
{
	return size == 0 ? 1 : size;
}

/* Where an alignment was asked for, theirs has asked for a multiple of it. */
static void *made(void *ptr, enum origin origin, size_t size)
{
	if (ptr != NULL)
		makers_made(ptr, origin, makers_watched ? bytes_for(size) : SIZE_MAX);
	return ptr;
}

/* Whether a block was asked for with a size; SIZE_MAX: nobody says which. */
static bool size_fits(const void *ptr, size_t size)
{
	size_t bytes;

	return size == SIZE_MAX || !hardened_find(ptr, &bytes) || bytes_for(size) == bytes;
}

/* Whether an operator that frees blocks of an origin may free this one, and then whoever it calls, too. */
static bool may_delete(void *ptr, enum origin wanted, size_t size, size_t alignment)
{
	static const char *const names[] = {
	        [ORIGIN_NEW] = "delete",
	        [ORIGIN_NEW_ARRAY] = "delete[]",
	        [ORIGIN_NEW_ALIGNED] = "aligned delete",
	        [ORIGIN_NEW_ARRAY_ALIGNED] = "aligned delete[]",
	};
	enum origin origin = makers_get(ptr);

	if (origin < ORIGIN_MALLOC)
		return true;
	if (makers_watched && origin != wanted)
		misuse_origin(names[wanted], ptr, makers_name(origin));
	else if (makers_watched && !size_fits(ptr, size))
		misuse_mismatch(names[wanted], ptr, "size", size);
	else if (makers_watched && (uintptr_t)ptr % alignment != 0)
		misuse_mismatch(names[wanted], ptr, "alignment", alignment);
	else {
		makers_set(ptr, ORIGIN_UNKNOWN);
		return true;
	}
	return false;
}

#define X(name, origin, kind)                                                        \
	static void *origins##name(kind##_TAKES)                                     \
	{                                                                            \
		void *(*theirs)(kind##_TAKES) =                                      \
		        (void *(*)(kind##_TAKES))homes_theirs(&operators[AT##name]); \
		return made(theirs(kind##_GIVES), ORIGIN_##origin, size);            \
	}
NEWS(X)
#undef X

#define X(name, origin, kind)                                                       \
	static void origins##name(kind##_TAKES)                                     \
	{                                                                           \
		void (*theirs)(kind##_TAKES) =                                      \
		        (void (*)(kind##_TAKES))homes_theirs(&operators[AT##name]); \
		if (may_delete(ptr, ORIGIN_##origin, kind##_SAYS))                  \
			theirs(kind##_GIVES);                                       \
	}
DELETES(X)
#undef X

static struct homes_name operators[OPERATORS] = {
#define X(symbol, ...) [AT##symbol] = {.name = #symbol, .ours = (void *)origins##symbol},
        NEWS(X) DELETES(X)
#undef X
};

static struct relink_set operators_set = {
        .functions = {.home = RELINK_CXX, .whole = true, .names = operators, .count = OPERATORS},
        .in_force = &makers_watched,
};

/* --- What the C++ library allocates with ---------------------------------------------------------- */

static void *unknown(void *ptr)
{
	if (ptr != NULL)
		makers_made(ptr, ORIGIN_UNKNOWN, SIZE_MAX);
	return ptr;
}

enum { AT_malloc, AT_calloc, AT_realloc, AT_free, AT_aligned_alloc, AT_posix_memalign, ALLOCATORS };

static struct homes_name allocators[ALLOCATORS];

static void *origins_malloc(size_t size)
{
	return unknown(((void *(*)(size_t))homes_theirs(&allocators[AT_malloc]))(size));
}

static void *origins_calloc(size_t count, size_t size)
{
	return unknown(
	        ((void *(*)(size_t, size_t))homes_theirs(&allocators[AT_calloc]))(count, size));
}

static void *origins_realloc(void *ptr, size_t size)
{
	if (ptr != NULL)
		makers_set(ptr, ORIGIN_UNKNOWN);
	return unknown(
	        ((void *(*)(void *, size_t))homes_theirs(&allocators[AT_realloc]))(ptr, size));
}

static void origins_free(void *ptr)
{
	if (ptr != NULL)
		makers_set(ptr, ORIGIN_UNKNOWN);
	((void (*)(void *))homes_theirs(&allocators[AT_free]))(ptr);
}

static void *origins_aligned_alloc(size_t alignment, size_t size)
{
	void *(*theirs)(size_t, size_t) =
	        (void *(*)(size_t, size_t))homes_theirs(&allocators[AT_aligned_alloc]);

	return unknown(theirs(alignment, size));
}

static int origins_posix_memalign(void **place, size_t alignment, size_t size)
{
	int (*theirs)(void **, size_t, size_t) =
	        (int (*)(void **, size_t, size_t))homes_theirs(&allocators[AT_posix_memalign]);
	int error = theirs(place, alignment, size);

	if (error == 0)
		unknown(*place);
	return error;
}

#define ALLOCATOR(function) \
	[AT_##function] = {.name = #function, .ours = (void *)origins_##function}

static struct homes_name allocators[ALLOCATORS] = {
        ALLOCATOR(malloc), ALLOCATOR(calloc),        ALLOCATOR(realloc),
        ALLOCATOR(free),   ALLOCATOR(aligned_alloc), ALLOCATOR(posix_memalign),
};

static struct relink_set allocators_set = {
        .functions = {.home = "", .names = allocators, .count = ALLOCATORS},
        .within = RELINK_CXX,
};

runs_at_start void origins_start(void)
{
	if (options.mismatch != 0 && !slab_has_origins)
		report_warning("HALLOC_MISMATCH=1 asks for HALLOC_HARDENED=1 beside it; ignored");
	if (!slab_has_origins)
		return;
	/* In this order: an operator that is not changed yet must be free to free. */
	relink_add(&operators_set);
	relink_add(&allocators_set);
}
