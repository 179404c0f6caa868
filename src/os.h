/*
 * os.h - memory, as the system gives it.
 *
 * Sizes are bytes; addresses and sizes given to these functions are multiples of os_page_bytes. A call
 * that the system refuses changes nothing and says so; errno is left as the system set it.
 * Locks: none are taken; who opens or claims of a window sees to it that nobody else does.
 */
#ifndef OS_H
#define OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A heap page: the unit in which Page A is dealt out. No smaller than the largest OS page in use. */
#define HEAP_PAGE_SHIFT 16
#define HEAP_PAGE_BYTES ((size_t)1 << HEAP_PAGE_SHIFT)

/* System calls made for memory, so far. */
extern uint64_t os_calls;

/* The size of an OS page, known from os_boot on. */
extern size_t os_page_bytes;
extern unsigned os_page_shift;

/* A size, or an address, up to the end of its OS page. */
static inline size_t os_whole_pages(size_t bytes)
{
	return (bytes + os_page_bytes - 1) & -os_page_bytes;
}

/*
 * A range of addresses that fills from the bottom up:
 *
 *     base                base + claimed                 base + size
 *     | readable, writable | faults: nothing is mapped here |
 *
 * The rest of a window is not reserved, merely left alone: it costs no address space that
 * RLIMIT_AS counts, and nobody else maps there unless asked to by address. Where the system
 * does not let us choose addresses (sanitizers, valgrind), the window is reserved (PROT_NONE).
 */
struct os_window {
	uintptr_t base;
	size_t size;
	size_t claimed;
	bool reserved;
};

/* What came of claiming more of a window. */
enum os_claim {
	OS_CLAIMED,
	OS_CLAIM_REFUSED, /* no memory, or a limit */
	OS_CLAIM_TAKEN,   /* somebody else has mapped there */
};

void os_boot(void);

/* Opens a window of at least first bytes, at most size, claiming the first bytes.
 * Returns: false when the system has no room for it. */
bool os_window_open(struct os_window *window, size_t size, size_t first);

/* Makes the next bytes of the window usable; they read as zero. */
enum os_claim os_window_claim(struct os_window *window, size_t bytes);

/* How much to claim at a time where need bytes are wanted: an eighth of what there is, and at least smallest, so that the
 * number of system calls grows only with the logarithm of the size. Returns: whole pages, as far as the window goes. */
size_t os_window_step(const struct os_window *window, size_t need, size_t smallest);

/* Whether the system would let the next bytes be claimed: to be asked where much else is claimed first. */
bool os_window_allows(const struct os_window *window, size_t bytes);

/* Takes back the last bytes that were claimed, of which nobody knows yet. */
void os_window_unclaim(struct os_window *window, size_t bytes);

/* Leaves out the next bytes of a window, where somebody else has mapped.
 * Returns: false when so much is not left, or the window is reserved and nobody can have. */
bool os_window_skip(struct os_window *window, size_t bytes);

/* Gives the memory of a range back; it stays mapped and reads as zero when it is touched again.
 * Returns: false when the system refused; the contents are then unchanged. */
bool os_purge(void *start, size_t bytes);

/* Whether all of the page that an address lies in reads as zero: as what was not touched does, and little else. To look
 * at it brings no memory in. */
bool os_page_is_zero(const void *page);

/* Makes the pages of a range that will be written to soon: at once is cheaper than when each is touched. It may do
 * nothing; errno stays. */
void os_populate(void *start, size_t bytes);

/* Asks for huge pages in a range, or for none. Returns: false when the system has none to give. */
bool os_huge_pages(void *start, size_t bytes, bool wanted);

/* Moves the pages of a range to another, and leaves zeros. Returns: false when the system refused: see move.h. */
bool os_remap(void *from, void *to, size_t bytes);

/* Maps a range of zeros exactly at start, or not at all. */
enum os_claim os_map_at(uintptr_t start, size_t bytes);

/* Maps a range of its own, of zeros, anywhere. Returns: NULL, with ENOMEM, when there is no room. */
void *os_map(size_t bytes);

/* Unmaps such a range: at once, or, where the system refuses it, its memory now and the rest later. */
void os_unmap(void *start, size_t bytes);

/* Makes a range inaccessible; and accessible again. Returns: false when the system refused. */
bool os_guard(void *start, size_t bytes);
bool os_unguard(void *start, size_t bytes);

/* How many mappings a process may have by default; and how many this one may: asked the first time, by a file. */
#define OS_MAPPINGS_MAX 65530u
unsigned os_mappings_max(void);

/* A guard, of up to a heap page, parts mappings and takes addresses, and the system allows a process only so
 * much of both: whether there may be one more. Each that was claimed is released once. */
bool os_guard_claim(void);
void os_guard_release(void);

/* Makes a range read-only, or readable and writable again. Returns: false when the system refused. */
bool os_seal(void *start, size_t bytes, bool sealed);

/* Whether the process began with a limit (RLIMIT_AS, RLIMIT_DATA) on what it may map. Asked at boot alone:
 * a filter of system calls that comes later may forbid the question. */
extern bool os_memory_is_limited;

/* The least of these limits; SIZE_MAX without. */
size_t os_bytes_max(void);

#endif
