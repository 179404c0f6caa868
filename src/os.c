/*
 * os - memory, as the system gives it.
 *
 * Holds:  the page size, where the next window goes, the limits that the process began with, and how many guards there are.
 * Always: a refusal of the system (ENOMEM, EPERM of a filter) changes nothing and is told.
 * Locks:  none; windows are guarded by their owners.
 */
#include "os.h"
#include "machine.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* Since Linux 5.14. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define GIB ((size_t)1 << 30)
#define TIB ((size_t)1 << 40)

/* Windows start in the empty middle of the 47-bit user half, far from the executable, the mapping
 * area and the stack, and above what programs map wherever they please: CLISP has its heap between 16 and
 * 32 TiB, over whatever is there, and ZGC of the JVM prefers 4 to 20. The exact place is drawn by chance. */
#define WINDOWS_LOWEST (32 * TIB)
#define WINDOWS_SPREAD (40 * TIB)
#define WINDOW_ALIGN   GIB

#define WINDOW_ATTEMPTS 4

/* ThreadSanitizer, of the program or of our own, knows only some addresses: those that the system gives. */
extern void __tsan_init(void) __attribute__((weak, visibility("default")));

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)

uint64_t os_calls;
bool os_memory_is_limited;
static size_t space_bytes_max = SIZE_MAX; /* RLIMIT_AS */
static size_t data_bytes_max = SIZE_MAX;  /* RLIMIT_DATA */
size_t os_page_bytes = 4096;
unsigned os_page_shift = 12;

static uintptr_t window_next;

static void call_count(void)
{
	__atomic_fetch_add(&os_calls, 1, __ATOMIC_RELAXED);
}

void os_boot(void)
{
	os_page_bytes = getauxval(AT_PAGESZ);
	if (os_page_bytes == 0)
		os_page_bytes = 4096;
	os_page_shift = (unsigned)__builtin_ctzl(os_page_bytes);
	window_next =
	        WINDOWS_LOWEST + machine_random() % WINDOWS_SPREAD / WINDOW_ALIGN * WINDOW_ALIGN;
	struct rlimit space = {RLIM_INFINITY, RLIM_INFINITY}, data = space;
	getrlimit(RLIMIT_AS, &space);
	getrlimit(RLIMIT_DATA, &data);
	if (space.rlim_cur != RLIM_INFINITY)
		space_bytes_max = space.rlim_cur;
	if (data.rlim_cur != RLIM_INFINITY)
		data_bytes_max = data.rlim_cur;
	os_memory_is_limited = space_bytes_max != SIZE_MAX || data_bytes_max != SIZE_MAX;
}

runs_seldom size_t os_bytes_max(void)
{
	return space_bytes_max < data_bytes_max ? space_bytes_max : data_bytes_max;
}

/* Kernels before 4.17 take the flag for a mere hint. */
enum os_claim os_map_at(uintptr_t start, size_t bytes)
{
	void *want = (void *)start;
	void *got = mmap(want, bytes, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	call_count();
	if (got == want)
		return OS_CLAIMED;
	if (got == MAP_FAILED)
		return errno == EEXIST ? OS_CLAIM_TAKEN : OS_CLAIM_REFUSED;
	munmap(got, bytes);
	return OS_CLAIM_TAKEN;
}

/* A window where the system puts it, as large as it lets us have. */
static bool window_reserve(struct os_window *window, size_t size, size_t first)
{
	for (; size >= first + WINDOW_ALIGN / 512; size /= 2) {
		void *start = mmap(NULL, size, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (start == MAP_FAILED)
			continue;
		uintptr_t base = (uintptr_t)start;
		uintptr_t aligned = (base + WINDOW_ALIGN / 512 - 1) & -(WINDOW_ALIGN / 512);
		*window = (struct os_window){.base = aligned,
		                             .size = (size - (aligned - base)) & -os_page_bytes,
		                             .reserved = true};
		if (os_window_claim(window, first) == OS_CLAIMED)
			return true;
		munmap(start, size);
	}
	return false;
}

bool os_window_open(struct os_window *window, size_t size, size_t first)
{
	int attempts = __tsan_init == NULL ? WINDOW_ATTEMPTS : 0;

	for (; attempts > 0; attempts--) {
		*window = (struct os_window){.base = window_next, .size = size};
		/* The gap keeps the end of one window from the start of the next. */
		window_next += (size + 2 * WINDOW_ALIGN - 1) / WINDOW_ALIGN * WINDOW_ALIGN;
		enum os_claim claim = os_window_claim(window, first);
		if (claim == OS_CLAIMED)
			return true;
		if (claim == OS_CLAIM_REFUSED)
			break;
	}
	return window_reserve(window, size, first);
}

static bool protect(void *start, size_t bytes, int protection)
{
	if (bytes == 0)
		return true;
	call_count();
	return mprotect(start, bytes, protection) == 0;
}

enum os_claim os_window_claim(struct os_window *window, size_t bytes)
{
	uintptr_t start = window->base + window->claimed;
	enum os_claim claim = OS_CLAIMED;

	if (bytes > window->size - window->claimed) {
		errno = ENOMEM;
		return OS_CLAIM_REFUSED;
	}
	if (!window->reserved)
		claim = os_map_at(start, bytes);
	else if (!protect((void *)start, bytes, READ_WRITE))
		claim = OS_CLAIM_REFUSED;
	if (claim == OS_CLAIMED)
		window->claimed += bytes;
	return claim;
}

size_t os_window_step(const struct os_window *window, size_t need, size_t smallest)
{
	size_t bytes = window->claimed / 8;

	if (bytes < smallest)
		bytes = smallest;
	if (bytes < need)
		bytes = need;
	if (bytes > window->size - window->claimed)
		bytes = window->size - window->claimed;
	return os_whole_pages(bytes);
}

runs_seldom bool os_window_allows(const struct os_window *window, size_t bytes)
{
	uintptr_t start = window->base + window->claimed;

	if (bytes > window->size - window->claimed)
		return false;
	if (window->reserved)
		return true;
	enum os_claim claim = os_map_at(start, bytes);
	if (claim == OS_CLAIMED)
		os_unmap((void *)start, bytes);
	return claim != OS_CLAIM_REFUSED;
}

runs_seldom void os_window_unclaim(struct os_window *window, size_t bytes)
{
	window->claimed -= bytes;
	if (window->reserved)
		os_guard((void *)(window->base + window->claimed), bytes);
	else
		os_unmap((void *)(window->base + window->claimed), bytes);
}

bool os_window_skip(struct os_window *window, size_t bytes)
{
	if (window->reserved || bytes > window->size - window->claimed)
		return false;
	window->claimed += bytes;
	return true;
}

bool os_purge(void *start, size_t bytes)
{
	int saved = errno;

	call_count();
	bool done = madvise(start, bytes, MADV_DONTNEED) == 0;
	errno = saved; /* what is locked does not go back, and no call of a user's fails for that */
	return done;
}

bool os_page_is_zero(const void *page)
{
	const char *at = (const char *)((uintptr_t)page & -os_page_bytes);

	for (const char *end = at + os_page_bytes; at < end; at += 8 * sizeof(uint64_t)) {
		uint64_t words[8];
		memcpy(words, at, sizeof words);
		if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] |
		     words[7]) != 0)
			return false;
	}
	return true;
}

void os_populate(void *start, size_t bytes)
{
	static bool is_unknown; /* to this kernel */
	int saved = errno;

	if (__atomic_load_n(&is_unknown, __ATOMIC_RELAXED))
		return;
	call_count();
	if (madvise(start, bytes, MADV_POPULATE_WRITE) != 0 && errno == EINVAL)
		__atomic_store_n(&is_unknown, true, __ATOMIC_RELAXED);
	errno = saved;
}

bool os_huge_pages(void *start, size_t bytes, bool wanted)
{
	call_count();
	return madvise(start, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) == 0;
}

/*
 * Ranges that the system would not unmap: undoing a mapping that was merged with its neighbours takes one
 * mapping more, and there may be too many. Their memory is given back, and unmapping is tried again
 * whenever a range is mapped or unmapped. A range for which there is no place here stays mapped.
 */
static struct leftover {
	char *start; /* NULL: none; leftover_busy: being looked at */
	size_t bytes;
} leftovers[64] lies_late;

#define leftover_busy ((char *)leftovers)

static bool unmap(void *start, size_t bytes)
{
	call_count();
	return munmap(start, bytes) == 0;
}

static void leftover_set(struct leftover *leftover, char *start)
{
	__atomic_store_n(&leftover->start, start, __ATOMIC_RELEASE);
}

runs_later static void leftovers_unmap(void)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
		struct leftover *leftover = &leftovers[i];
		char *start = __atomic_load_n(&leftover->start, __ATOMIC_RELAXED);
		if (start == NULL || start == leftover_busy ||
		    !__atomic_compare_exchange_n(&leftover->start, &start, leftover_busy, false,
		                                 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		leftover_set(leftover, unmap(start, leftover->bytes) ? NULL : start);
	}
}

static void leftover_add(char *start, size_t bytes)
{
	os_purge(start, bytes);
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
		char *none = NULL;
		if (__atomic_compare_exchange_n(&leftovers[i].start, &none, leftover_busy, false,
		                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			leftovers[i].bytes = bytes;
			leftover_set(&leftovers[i], start);
			return;
		}
	}
}

void *os_map(size_t bytes)
{
	leftovers_unmap();
	void *start = mmap(NULL, bytes, READ_WRITE, ANONYMOUS, -1, 0);

	call_count();
	if (start == MAP_FAILED) {
		errno = ENOMEM; /* not EPERM or EAGAIN: our callers' callers are told ENOMEM alone */
		return NULL;
	}
	return start;
}

void os_unmap(void *start, size_t bytes)
{
	if (!unmap(start, bytes))
		leftover_add(start, bytes);
	leftovers_unmap();
}

runs_later bool os_remap(void *from, void *to, size_t bytes)
{
	call_count();
	return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) !=
	       MAP_FAILED;
}

runs_seldom bool os_guard(void *start, size_t bytes)
{
	return protect(start, bytes, PROT_NONE);
}

runs_seldom bool os_unguard(void *start, size_t bytes)
{
	return protect(start, bytes, READ_WRITE);
}

bool os_seal(void *start, size_t bytes, bool sealed)
{
	return protect(start, bytes, sealed ? PROT_READ : READ_WRITE);
}

/* Each guard takes two mappings; the program is left more than half of them. Where addresses are limited,
 * guards take one part in so many of these, at a heap page each. */
#define GUARD_SHARE       5u
#define GUARD_SPACE_SHARE 16u

static unsigned guards;

runs_seldom unsigned os_mappings_max(void)
{
	static unsigned most;
	unsigned known = __atomic_load_n(&most, __ATOMIC_RELAXED);
	char text[32];

	if (likely(known != 0))
		return known;
	unsigned long mappings = 0;
	if (machine_file_read("/proc/sys/vm/max_map_count", text, sizeof text))
		mappings = strtoul(text, NULL, 10);
	if (mappings == 0 || mappings > UINT32_MAX)
		mappings = OS_MAPPINGS_MAX;
	__atomic_store_n(&most, (unsigned)mappings, __ATOMIC_RELAXED);
	return (unsigned)mappings;
}

static unsigned guards_max(void)
{
	size_t by_space = space_bytes_max / GUARD_SPACE_SHARE / HEAP_PAGE_BYTES;
	unsigned by_mappings = os_mappings_max() / GUARD_SHARE;

	return (by_space < by_mappings ? (unsigned)by_space : by_mappings) + 1;
}

runs_seldom bool os_guard_claim(void)
{
	/* What is inaccessible does not count as data: when all the rest is taken, it could not be opened again. */
	if (data_bytes_max != SIZE_MAX)
		return false;
	if (__atomic_fetch_add(&guards, 1, __ATOMIC_RELAXED) < guards_max())
		return true;
	os_guard_release();
	return false;
}

void os_guard_release(void)
{
	__atomic_fetch_sub(&guards, 1, __ATOMIC_RELAXED);
}
