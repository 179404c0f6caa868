/*
 * dlopen - keeps plugins in the same heap as their program, and under the same watch.
 *
 * Holds:  nothing.
 * Always: a library opened with RTLD_DEEPBIND would look malloc up in itself and in libc before us, and
 *         hand blocks of one heap to the other; so the flag goes, and all else is as the caller said.
 *         A program that brings its own malloc is left alone.
 * Locks:  none.
 *
 * The last call is a jump, as objects_open has it.
 */
#include "makers.h"
#include "objects.h"
#include "options.h"
#include "page_b.h"
#include "relink.h"
#include "report.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* A thread of the new library that makes a first call has the loader bind it, maybe just when we change it; so all are to
 * be bound before, where they can be. */
static void *open_bound(const char *path, int flags)
{
	void *handle = objects_open(path, (flags & ~RTLD_LAZY) | RTLD_NOW);

	return handle == NULL && (flags & RTLD_LAZY) != 0 ? objects_open(path, flags) : handle;
}

/* Where calls are to be checked, those of a new library are as soon as it is open; if it is the same for
 * whoever asks. Returns: false where it is not, and nothing was opened. */
__attribute__((noinline)) static bool open_and_relink(const char *path, int flags,
                                                      const void *caller, void **handle)
{
	if (path == NULL || strchr(path, '$') != NULL)
		return false;
	if (strchr(path, '/') == NULL && objects_has_paths(caller))
		return false;
	__atomic_fetch_add(&makers_opening, 1, __ATOMIC_RELAXED);
	*handle = open_bound(path, flags);
	if (*handle != NULL)
		relink_update();
	/* It is 0 in the child of a fork that came meanwhile. */
	if (__atomic_load_n(&makers_opening, __ATOMIC_RELAXED) != 0)
		__atomic_fetch_sub(&makers_opening, 1, __ATOMIC_RELAXED);
	return true;
}

EXPORT void *dlopen(const char *path, int flags)
{
	if (halloc_page_b.ready && options.deepbind == 0)
		flags &= ~RTLD_DEEPBIND;
	if (unlikely((flags & RTLD_DEEPBIND) != 0))
		relink_has_deepbound = true;
	if (unlikely(relink_wanted())) {
		void *handle;
		if (open_and_relink(path, flags, __builtin_return_address(0), &handle))
			return handle;
	}
	return objects_open(path, flags);
}
