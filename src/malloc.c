/*
 * malloc - the C names, with glibc's answers; those of malloc and free are in the room hits.
 *
 * Holds:  nothing.
 * Always: errno is ENOMEM where a request cannot be met; free leaves errno alone; blocks are aligned
 *         to 16; a product that overflows is a request that cannot be met.
 * Locks:  none.
 */
#include "alloc.h"
#include "at_exit.h"
#include "background.h"
#include "backtrace.h"
#include "boot.h"
#include "copies.h"
#include "faults.h"
#include "forms.h"
#include "hits.h"
#include "introspect.h"
#include "makers.h"
#include "operators.h"
#include "options.h"
#include "origins.h"
#include "os.h"
#include "relink.h"
#include "resize.h"
#include "statistics.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Another name for one of ours; gcc wants it to have the same attributes, clang does not know how. */
#if __has_attribute(copy)
#define SAME_AS(name) __attribute__((alias(#name), copy(name)))
#else
#define SAME_AS(name) __attribute__((alias(#name)))
#endif
#define ALIAS(name) EXPORT SAME_AS(name)

#define ALIGNMENT_LAW 16

/* --- Allocation --------------------------------------------------------------------------------- */

EXPORT void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	if (unlikely(bytes > SIZECLASS_BYTES_MAX))
		return alloc_new_zeroed(bytes);
	struct hits_taken taken = hits_take_any(bytes, sizeclass_twice_of(bytes));
	return taken.state == SLOT_FRESH ? taken.ptr : memset(taken.ptr, 0, bytes);
}

EXPORT void *realloc(void *ptr, size_t size)
{
	size_t bytes;

	if (ptr == NULL)
		return hits_new(size, alloc_new);
	if (size != 0)
		return hits_resize(ptr, size);
	if (alloc_find(ptr, &bytes, "realloc"))
		hits_free(ptr);
	return NULL;
}

/* --- Alignment ---------------------------------------------------------------------------------- */

static bool is_power_of_two(size_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

static void *fail(int error)
{
	errno = error;
	return NULL;
}

/* As glibc does: an alignment is rounded up to a power of two. */
static void *new_aligned(size_t alignment, size_t size)
{
	if (alignment <= ALIGNMENT_LAW)
		return hits_new(size, alloc_new);
	if (alignment > ALLOC_BYTES_MAX + 1)
		return fail(EINVAL);
	if (alignment > ALLOC_BYTES_MAX / 2 || size > ALLOC_BYTES_MAX - alignment)
		return fail(ENOMEM);
	if (!is_power_of_two(alignment))
		alignment = (size_t)1 << (64 - __builtin_clzl(alignment));
	return hits_new_aligned(size, alignment);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
	void *ptr = new_aligned(alignment, size);

	makers_made_aligned(ptr);
	return ptr;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

EXPORT int posix_memalign(void **place, size_t alignment, size_t size)
{
	if (alignment % sizeof(void *) != 0 || !is_power_of_two(alignment))
		return EINVAL;
	void *ptr = memalign(alignment, size);
	if (ptr == NULL)
		return ENOMEM;
	*place = ptr;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return memalign(os_page_bytes, size);
}

runs_seldom EXPORT void *pvalloc(size_t size)
{
	size_t pages = size / os_page_bytes + (size % os_page_bytes != 0);

	if (size > ALLOC_BYTES_MAX - os_page_bytes)
		return fail(ENOMEM);
	return memalign(os_page_bytes, pages == 0 ? os_page_bytes : pages * os_page_bytes);
}

/* --- Sized free, of C23 ------------------------------------------------------------------------- */

void free_sized(void *ptr, size_t size);
void free_aligned_sized(void *ptr, size_t alignment, size_t size);

runs_seldom EXPORT void free_sized(void *ptr, size_t size)
{
	if (ptr != NULL && makers_fit_sized(ptr, false))
		resize_free_sized(ptr, size, 1, "free_sized");
}

runs_seldom EXPORT void free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
	if (ptr != NULL && makers_fit_sized(ptr, true))
		resize_free_sized(ptr, size, alignment, "free_aligned_sized");
}

/* --- Introspection ------------------------------------------------------------------------------ */

EXPORT size_t malloc_usable_size(void *ptr)
{
	return ptr == NULL ? 0 : alloc_bytes(ptr, "malloc_usable_size");
}

EXPORT int malloc_trim(size_t pad)
{
	int saved = errno;
	bool trimmed = alloc_trim() > pad;

	errno = saved;
	return trimmed ? 1 : 0;
}

/* Parameters of glibc's own workings are taken and have no effect; 0 only for a value out of glibc's
 * range for it. */
EXPORT int mallopt(int parameter, int value)
{
	if (parameter == M_MXFAST)
		return value >= 0 && value <= 160;
	return 1;
}

EXPORT struct mallinfo2 mallinfo2(void)
{
	return introspect_mallinfo();
}

runs_seldom EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 wide = introspect_mallinfo();

	return (struct mallinfo){
	        .arena = (int)wide.arena,
	        .ordblks = (int)wide.ordblks,
	        .hblks = (int)wide.hblks,
	        .hblkhd = (int)wide.hblkhd,
	        .uordblks = (int)wide.uordblks,
	        .fordblks = (int)wide.fordblks,
	        .keepcost = (int)wide.keepcost,
	};
}

EXPORT int malloc_info(int options_unused, FILE *stream)
{
	return options_unused != 0 ? EINVAL : forms_info(stream);
}

EXPORT void malloc_stats(void)
{
	forms_stats();
}

/* --- The same under the names that some programs use to go around the public ones ------------------- */

void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
int __posix_memalign(void **place, size_t alignment, size_t size);

ALIAS(calloc) void *__libc_calloc(size_t count, size_t size);
ALIAS(realloc) void *__libc_realloc(void *ptr, size_t size);
ALIAS(memalign) void *__libc_memalign(size_t alignment, size_t size);
ALIAS(valloc) void *__libc_valloc(size_t size);
ALIAS(pvalloc) void *__libc_pvalloc(size_t size);
ALIAS(posix_memalign) int __posix_memalign(void **place, size_t alignment, size_t size);

/* --- Start and end ------------------------------------------------------------------------------- */

/* Whether the program's calls of malloc come to us: an executable that exports a malloc of its own wins
 * over a preloaded one. Comparing addresses would not tell: the address of malloc may be that of a stub
 * in the executable. What another malloc gives is not given back: before main there may be no heap behind
 * it that takes it. */
static bool malloc_is_ours(void)
{
	static void *volatile probe; /* for those that look for lost blocks, it is not */
	void *(*volatile resolved_malloc)(size_t) = malloc;
	void (*volatile resolved_free)(void *) = free;

	probe = resolved_malloc(1);
	if (probe == NULL || alloc_bytes(probe, NULL) == 0)
		return false;
	resolved_free(probe);
	return true;
}

__attribute__((constructor)) static void start(void)
{
	if (!malloc_is_ours()) {
		report_warning("this program brings its own malloc; standing aside");
		return;
	}
	boot_start();
	backtrace_boot();
	faults_start();
	statistics_start();
	at_exit_start();
	copies_start();
	origins_start();
	relink_update();
	operators_start();
	/* Last, as nothing is relinked to the operators where there are other threads. */
	if (options.background != 0 && boot_is_ready())
		background_start();
}

__attribute__((destructor)) static void finish(void)
{
	boot_finish();
}
